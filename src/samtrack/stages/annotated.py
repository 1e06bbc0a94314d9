"""A user's annotated movie, as the CTC lays it out, made ready to learn from: ``DIR/01``, ``DIR/01_GT`` and masks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samtrack.blocks import Canvas
from samtrack.config import Config, load_config
from samtrack.config.segment import GivenSettings
from samtrack.errors import DataError, SettingsError
from samtrack.evaluate import FrameMatch
from samtrack.io.ctc import TRACK_PREFIX
from samtrack.io.movies import open_masks, open_movie
from samtrack.io.names import MAN_TRACK, SEG_FOLDER, TRA_FOLDER
from samtrack.io.truth import Truth, list_truth
from samtrack.link import measure_detections, summarise
from samtrack.stages.matching import match_truth
from samtrack.train.link_examples import Movie
from samtrack.train.sam2_movies import TrackedMovie, TrackLabels
from samtrack.train.sammed3d_movies import AnnotatedFrame, annotated_frames
from samtrack.types import Detections, Frames

Ints = npt.NDArray[np.int64]


def read_annotated(images: Path, masks: Path | None, config: Config) -> Movie:
    """The movie of a sequence with the true track of each of its masks.

    ``masks``: None takes the silver truth beside the images (``01_ST/SEG``), else the masks of the truth itself.
    """
    truth = _truth_of(images)
    masks = masks or _masks_beside(images)
    frames = open_movie(images, config.ingest, config.movie)
    labels = open_masks(masks, images, frames, GivenSettings())
    if len(truth.tracking) != frames.n_frames:
        raise DataError(
            f"{truth.folder / TRA_FOLDER}: has {len(truth.tracking)} frames, the images {images} have "
            f"{frames.n_frames}. Are they of the same sequence?"
        )
    tables, tracks, held = [], [], []
    for t in range(frames.n_frames):
        mask = labels.read(t)
        tables.append(measure_detections(mask, t, labels.scale, frames.read(t)))
        match = match_truth(truth.tracking[t].path, Canvas(mask).read, mask.shape, labels.path)
        tracks.append(true_tracks(match, tables[-1].label))
        held.append(held_tracks(match, tables[-1].label))
    table = Detections.concatenate(tables)
    return Movie(
        labels,
        table,
        summarise(table),
        np.concatenate(tracks),
        np.concatenate(held),
        truth.table,
        is_complete=False,
        images=frames,
    )


def read_tracked(images: Path, masks: Path | None) -> TrackedMovie:
    """The same for a network: images, and masks under the ids of their true tracks."""
    movie = read_annotated(images, masks, load_config(None))
    if movie.images is None:
        raise DataError(f"{images}: has no images")
    return TrackedMovie(movie.images, TrackLabels(movie.labels, movie.detections, movie.track_of), movie.tracks)


def true_tracks(match: FrameMatch, labels: Ints) -> Ints:
    """The true track of some labels of a frame (sorted): of those it covers most of, the one that fits best, else 0."""
    order = np.lexsort((match.matched_truth, match.iou))
    order = order[np.isin(match.matched_result[order], labels)]
    track = np.zeros(len(labels), dtype=np.int64)
    at = np.searchsorted(labels, match.matched_result[order])
    track[at] = match.matched_truth[order]  # of several writes to one place the last one, the best, stays
    return track


def held_tracks(match: FrameMatch, labels: Ints) -> Ints:
    """The two true tracks that a label covers most of, in order, (n, 2); 0 where it is not two."""
    order = np.lexsort((match.matched_truth, match.matched_result))
    mask, track = match.matched_result[order], match.matched_truth[order]
    found, first, count = np.unique(mask, return_index=True, return_counts=True)
    two = (count == 2) & np.isin(found, labels)
    held = np.zeros((len(labels), 2), dtype=np.int64)
    at, first = np.searchsorted(labels, found[two]), first[two]
    held[at] = np.stack([track[first], track[first + 1]], axis=1)
    return held


def _truth_of(images: Path) -> Truth:
    folder = images.parent / f"{images.name}_GT"
    if not folder.is_dir():
        inside = sorted(p.name.removesuffix("_GT") for p in images.glob("*_GT")) if images.is_dir() else []
        hint = f" Did you mean {images / inside[0]}?" if inside else ""
        raise DataError(
            f"{images}: has no truth, expected the folder {folder} with {TRA_FOLDER}/{TRACK_PREFIX}000.tif … and "
            f"{TRA_FOLDER}/{MAN_TRACK}. Name the folder of images beside its truth, as in DATA/01.{hint}"
        )
    truth = list_truth(folder)
    if not truth.tracking:
        raise DataError(f"{folder}: has no {TRA_FOLDER}, so nobody knows which cell is which. Learning links needs it.")
    return truth


def _masks_beside(images: Path) -> Path:
    silver = images.parent / f"{images.name}_ST" / SEG_FOLDER
    return silver if silver.is_dir() else images.parent / f"{images.name}_GT" / TRA_FOLDER


def with_masks(data: Sequence[str], masks: Sequence[str]) -> list[tuple[str, str | None]]:
    """Each movie with its masks, None where none are named."""
    if masks and len(masks) != len(data):
        raise SettingsError(
            f"masks: {len(masks)} folders for {len(data)} movies in data. Give one of each, or no masks."
        )
    return list(zip(data, masks or (None,) * len(data), strict=True))


def read_annotated_volumes(images: Path, masks: Path | None, config: Config) -> list[AnnotatedFrame]:
    """The frames of a recording that have masks, as coarse as they are; None takes the silver truth beside the images."""
    silver = images.parent / f"{images.name}_ST" / SEG_FOLDER
    if masks is None and not silver.is_dir():
        raise DataError(f"{images}: has no masks beside it ({silver} does not exist). Name them: --masks DIR.")
    frames = open_movie(images, config.ingest, config.movie)
    labels = open_masks(masks or silver, images, frames, GivenSettings(missing="empty"))
    return annotated_frames(frames, labels, str(images))


def movie_name(images: Path) -> str:
    """How a sequence is called in a card: dataset and sequence, no path of this machine."""
    return "/".join(images.resolve().parts[-2:])


def frames_and_cells(movie: Movie) -> str:
    """How much truth a movie has, in words."""
    labels: Frames = movie.labels
    return (
        f"{labels.n_frames} frames, {np.count_nonzero(movie.track_of)} of {len(movie.track_of)} cells with a true track"
    )
