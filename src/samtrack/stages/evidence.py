"""What a network says of movies that a link model learns from."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from samtrack.config import Config
from samtrack.config.link import LinkSettings
from samtrack.config.sam2 import Sam2Settings
from samtrack.config.simulate import SimulateSettings
from samtrack.link.propagate import propagate_cells
from samtrack.stages.engine import open_engine
from samtrack.train.link_examples import Movie
from samtrack.train.link_recipes import make_movie
from samtrack.types import Evidence, Span

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Sam2Engine


def movie_with_evidence(recipe: SimulateSettings, settings: Sam2Settings) -> Movie:
    """A simulated movie and what the network says of it; one without images as it is."""
    return _asked(make_movie(recipe), settings, LinkSettings())


def with_evidence(movie: Movie, config: Config) -> Movie:
    """The same movie with what the network of a configuration says of it."""
    return _asked(movie, config.sam2, config.link)


def _asked(movie: Movie, settings: Sam2Settings, link: LinkSettings) -> Movie:
    if movie.images is None:
        return movie
    span = Span(0, movie.labels.n_frames)
    said = propagate_cells(_engine(settings), movie.images, movie.labels, movie.detections, span, movie.typical, link)
    return replace(movie, evidence=Evidence.concatenate(list(said)).ordered())


@lru_cache(maxsize=1)
def _engine(settings: Sam2Settings) -> Sam2Engine:
    """The engine of this process, opened once for all its movies."""
    return open_engine(settings, workers=1)[0]
