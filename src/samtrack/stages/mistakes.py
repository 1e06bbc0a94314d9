"""Where a result differs from the truth: matches of all frames, and the places of errors."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.blocks import Reader, is_small, plan_slabs, relabelled, whole_box
from samtrack.evaluate import FrameMatch
from samtrack.evaluate.mistakes import find_mistakes
from samtrack.evaluate.sides import join_frames
from samtrack.io.ctc import open_mask
from samtrack.io.decided import read_columns
from samtrack.io.truth import Truth, list_truth
from samtrack.stages.address import Address
from samtrack.stages.held import held
from samtrack.stages.matching import match_truth
from samtrack.types import Box, Errors, Frames, Tracks

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def open_truth(address: Address) -> Truth | None:
    """The tracking truth of a sequence; None without one."""
    if address.sources.truth is None:
        return None
    truth = list_truth(address.sources.truth)
    return truth if truth.tracking else None


class InField:
    """The labels of a movie without those that do not reach into the field of interest: there the truth is silent."""

    def __init__(self, labels: Frames, frame: Ints, track: Ints) -> None:
        self._labels = labels
        order = np.argsort(frame, kind="stable")
        self._track = track[order]
        self._rows = np.searchsorted(frame[order], np.arange(labels.n_frames + 1))
        self.n_frames, self.shape, self.dtype, self.scale = labels.n_frames, labels.shape, labels.dtype, labels.scale

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """The voxels of one frame, whole or inside a box."""
        here = self._track[self._rows[frame] : self._rows[frame + 1]]
        return relabelled(self._labels.read(frame, box), here, here, self.dtype)


def as_exported(address: Address, labels: Frames) -> Frames:
    """The tracks as drawn, as far as they are in the CTC result, which the scores are of."""
    if address.config.export.field_of_interest_px == 0:
        return labels
    table = read_columns(address.layout.table, ["t", "track_id", "in_field"])
    inside = table["in_field"].astype(np.bool_)
    return InField(labels, table["t"][inside].astype(np.int64), table["track_id"][inside].astype(np.int64))


def match_movie(address: Address, truth: Truth, labels: Frames) -> list[FrameMatch]:
    """The tracks as drawn against the truth, frame by frame."""

    def work(frame: int) -> FrameMatch:
        """Match one frame; its images are let go at the end."""
        read = held(partial(labels.read, frame), labels.shape)
        return match_truth(truth.tracking[frame].path, read, labels.shape, address.layout.tracked)

    with ThreadPoolExecutor(address.config.resources.workers) as pool:
        return list(pool.map(work, range(min(len(truth.tracking), labels.n_frames))))


def find_errors(
    address: Address, truth: Truth, matches: Sequence[FrameMatch], labels: Frames, tracks: Tracks
) -> Errors:
    """The errors of a movie and where they lie; places are measured in the masks of the frames that have errors."""
    table = np.stack([tracks.track, tracks.first_frame, tracks.last_frame, tracks.parent], axis=1)
    movie, _, _ = join_frames(matches, truth.table, table)
    found = find_mistakes(movie)
    is_of_result = found.result >= 0
    row = np.where(is_of_result, found.result, found.truth)
    frame = np.where(is_of_result, movie.result.frame[found.result], movie.truth.frame[found.truth])
    label = np.where(
        is_of_result,
        movie.result.label[movie.result.track[found.result]],
        movie.truth.label[movie.truth.track[found.truth]],
    )
    at = np.zeros((len(row), len(labels.shape)))

    def work(one: int) -> None:
        """Measure the places of one frame; each thread writes the rows of its own frames."""
        for of_result in (True, False):
            rows = np.flatnonzero((frame == one) & (is_of_result == of_result))
            if not len(rows):
                continue
            if of_result:
                at[rows] = _middles(held(partial(labels.read, one), labels.shape), labels.shape, label[rows])
            else:
                with open_mask(truth.tracking[one].path) as image:
                    at[rows] = _middles(held(image.read, labels.shape), labels.shape, label[rows])

    with ThreadPoolExecutor(address.config.resources.workers) as pool:
        list(pool.map(work, np.unique(frame).tolist()))
    order = np.lexsort((label, found.kind, frame))
    track = np.where(is_of_result, label, 0)
    return Errors(frame[order], found.kind[order], track[order], (at * labels.scale.voxel_um)[order])


def _middles(read: Reader, shape: tuple[int, ...], wanted: Ints) -> Floats:
    """The mean voxel of each wanted label (all are there; some may be wanted twice), (n, ndim)."""
    present, back = np.unique(wanted, return_inverse=True)
    count, total = np.zeros(len(present)), np.zeros((len(present), len(shape)))
    for box in [whole_box(shape)] if is_small(shape) else plan_slabs(whole_box(shape)):
        part = read(box)
        where = np.nonzero(np.isin(part, present))
        row = np.searchsorted(present, part[where])
        count += np.bincount(row, minlength=len(present))
        for axis, places in enumerate(where):
            total[:, axis] += np.bincount(row, weights=places + box.start[axis], minlength=len(present))
    return (total / np.maximum(count, 1)[:, None])[back]
