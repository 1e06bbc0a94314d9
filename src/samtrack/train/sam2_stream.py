"""An endless stream of simulated clips, made by worker processes, in an order that depends on the seed alone."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from functools import partial
from itertools import count

import numpy as np

from samtrack.train.sam2_clips import CLIPS_PER_SCENE, STRIDES, Clip, ctc_clips, simulated_clips
from samtrack.train.sam2_movies import TrackedMovie
from samtrack.train.workers import mixed_stream

CLIPS_PER_MOVIE = 8
"""Clips cut from one movie."""


def clip_stream(
    seed: int,
    side_px: int,
    n_frames: int,
    workers: int = 1,
    start: int = 0,
    strides: Sequence[float] = STRIDES,
) -> Generator[Clip]:
    """Clips ``start``, ``start`` + 1, ... without end (`mixed_stream`)."""
    return mixed_stream(partial(_clips_of, seed, side_px, n_frames, strides), CLIPS_PER_MOVIE, workers, start)


def _clips_of(seed: int, side_px: int, n_frames: int, strides: Sequence[float], movie: int) -> list[Clip]:
    drawn = int(np.random.SeedSequence([seed, movie]).generate_state(1)[0])
    return simulated_clips(drawn, side_px, n_frames, CLIPS_PER_MOVIE, strides)


def ctc_stream(
    movies: Sequence[TrackedMovie], seed: int, side_px: int, n_frames: int, start: int = 0
) -> Generator[Clip]:
    """Clips ``start``, ``start`` + 1, … of annotated movies, without end, in an order that depends on the seed alone."""
    for place in count(start):
        drawn = np.random.SeedSequence([seed, place // CLIPS_PER_SCENE]).generate_state(2)
        movie = movies[int(drawn[0]) % len(movies)]
        if place == start or place % CLIPS_PER_SCENE == 0:
            scene = ctc_clips(
                movie.images, movie.labels, movie.tracks, int(drawn[1]), side_px, n_frames, CLIPS_PER_SCENE
            )
        yield scene[place % CLIPS_PER_SCENE]
