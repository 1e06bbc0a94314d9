"""A user's annotated movie, as the CTC lays it out, made ready to learn from: ``DIR/01``, ``DIR/01_GT`` and masks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from samtrack.config import Config
from samtrack.config.segment import GivenSettings
from samtrack.errors import DataError
from samtrack.evaluate import match_frame
from samtrack.io.ctc import TRACK_PREFIX, read_mask
from samtrack.io.movies import open_masks, open_movie
from samtrack.io.names import MAN_TRACK, SEG_FOLDER, TRA_FOLDER
from samtrack.io.truth import Truth, list_truth
from samtrack.link import measure_detections, summarise
from samtrack.train.link_examples import Movie
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
    tables, tracks = [], []
    for t in range(frames.n_frames):
        mask = labels.read(t)
        tables.append(measure_detections(mask, t, labels.scale, frames.read(t)))
        tracks.append(true_tracks(read_mask(truth.tracking[t].path), mask, tables[-1].label, truth.tracking[t].path))
    table = Detections.concatenate(tables)
    return Movie(labels, table, summarise(table), np.concatenate(tracks), truth.table, is_complete=False)


def true_tracks(truth: npt.NDArray[np.integer], mask: npt.NDArray[np.integer], labels: Ints, where: Path) -> Ints:
    """The true track of some labels of a frame (sorted): of those it covers most of, the one that fits best, else 0."""
    if truth.shape != mask.shape:
        raise DataError(
            f"{where}: has shape {truth.shape}, the masks have {mask.shape}. Are they of the same sequence?"
        )
    match = match_frame(truth, mask)
    order = np.lexsort((match.matched_truth, match.iou))
    order = order[np.isin(match.matched_result[order], labels)]
    track = np.zeros(len(labels), dtype=np.int64)
    at = np.searchsorted(labels, match.matched_result[order])
    track[at] = match.matched_truth[order]  # of several writes to one place the last one, the best, stays
    return track


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


def movie_name(images: Path) -> str:
    """How a sequence is called in a card: dataset and sequence, no path of this machine."""
    return "/".join(images.resolve().parts[-2:])


def frames_and_cells(movie: Movie) -> str:
    """How much truth a movie has, in words."""
    labels: Frames = movie.labels
    return (
        f"{labels.n_frames} frames, {np.count_nonzero(movie.track_of)} of {len(movie.track_of)} cells with a true track"
    )
