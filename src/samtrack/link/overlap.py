"""How far the masks of one frame, moved to where the cells are expected, cover the masks of another.

All pairs at once: each source voxel is moved by its cell's step, rounded to voxels, and looked up in the target frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.blocks import is_small, plan_boxes, relabelled, slabs, whole_box
from samtrack.link.cells import Cells
from samtrack.types import Box, Frames

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

TABLE_PAIRS = 2**22
"""Pairs of cells up to which overlaps are counted in a table (32 MiB); more of them are counted by sorting."""

MOST_BOXES = 2
"""Largest part of the target that is read at once, in units of what is read of the source: cells move by different steps."""


@dataclass(frozen=True, slots=True)
class Overlap:
    """Voxels shared by moved source masks and target masks; ``moved`` are the source voxels that stay in the image."""

    code: Ints
    count: Floats
    moved: Floats
    target_voxels: Floats

    @classmethod
    def none(cls, n_source: int, target_voxels: Floats) -> Overlap:
        """No mask was compared with any other."""
        return cls(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(n_source), target_voxels)

    def shared(self, source: Ints, target: Ints) -> Floats:
        """Voxels shared by each pair of cells."""
        wanted = source * len(self.target_voxels) + target
        if len(self.code) == 0:
            return np.zeros(np.shape(wanted))
        at = np.minimum(np.searchsorted(self.code, wanted), len(self.code) - 1)
        return np.where(self.code[at] == wanted, self.count[at], 0.0)


class Numbered:
    """A label frame as cell numbers (0: background, else 1 + the cell's place in `Cells`), in memory or read by box."""

    def __init__(self, labels: Frames, frame: int, cells: Cells) -> None:
        self._labels, self._frame, self._cells = labels, frame, cells
        self._held: npt.NDArray[np.int32] | None = None
        if is_small(labels.shape):
            self._held = self._of(labels.read(frame))

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the frame, (z)yx."""
        return self._labels.shape

    def read(self, box: Box) -> npt.NDArray[np.int32]:
        """The cell number of each voxel of a box; nobody may change it."""
        return self._of(self._labels.read(self._frame, box)) if self._held is None else self._held[box.slices]

    def _of(self, labels: npt.NDArray[Any]) -> npt.NDArray[np.int32]:
        return relabelled(labels, self._cells.label, np.arange(1, len(self._cells) + 1), np.int32)


class LabelStore:
    """Label frames as cell numbers, opened once each and forgotten; small ones are read once."""

    def __init__(self, labels: Frames) -> None:
        self._labels = labels
        self._held: dict[int, Numbered] = {}

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self._labels.shape

    def read(self, frame: int, cells: Cells) -> Numbered:
        """The cell numbers of a frame; ``cells`` must be all cells of the frame."""
        if frame not in self._held:
            self._held[frame] = Numbered(self._labels, frame, cells)
        return self._held[frame]

    def forget_before(self, frame: int) -> None:
        """Let go of the frames before ``frame``."""
        self._held = {f: a for f, a in self._held.items() if f >= frame}


def measure_overlap(source: Numbered, target: Numbered, step_px: Ints, target_voxels: Floats) -> Overlap:
    """Overlaps of the cells of ``source``, each moved by its row of ``step_px`` (n, ndim), with those of ``target``.

    Box by box of the source; of the target only what the moved voxels of a box lie in is read.
    """
    n_source, n_target = len(step_px), len(target_voxels)
    moved = np.zeros(n_source)
    parts: list[tuple[Ints, Ints]] = []
    for box in plan_boxes(whole_box(source.shape)):
        number, there = _move(source, box, step_px)
        moved += np.bincount(number, minlength=n_source)
        for some in _near_each_other(there):
            low = there[:, some].min(axis=1)
            part = target.read(Box(tuple(low), tuple(there[:, some].max(axis=1) + 1)))
            hit = part[tuple(there[:, some] - low[:, None])]
            code = number[some][hit > 0] * n_target + (hit[hit > 0] - 1)
            parts.append(_count(code, n_source * n_target))
    code, count = _summed(parts)
    return Overlap(code, count.astype(np.float64), moved, target_voxels)


def _move(source: Numbered, box: Box, step_px: Ints) -> tuple[Ints, Ints]:
    """Cell (n,) and place (ndim, n) of the moved voxels of a box that lie inside the image."""
    part = source.read(box)
    place = np.nonzero(part)
    number = part[place].astype(np.int64) - 1
    there = np.empty((part.ndim, len(number)), dtype=np.int64)
    is_inside = np.ones(len(number), dtype=bool)
    for axis, (at, start, n) in enumerate(zip(place, box.start, source.shape, strict=True)):
        new = np.take(step_px[:, axis] + start, number)
        new += at
        is_inside &= (new >= 0) & (new < n)
        there[axis] = new
    return number[is_inside], there[:, is_inside]


def _near_each_other(place: Ints) -> Iterator[Ints]:
    """Indices of places (ndim, n), in groups whose common box is not much larger than what is read at once."""
    todo = [np.arange(place.shape[1])] if place.size else []
    while todo:
        some = todo.pop()
        low, high = place[:, some].min(axis=1), place[:, some].max(axis=1)
        if np.prod(high + 1 - low) <= MOST_BOXES * slabs.SLAB_VOXELS or (high == low).all():
            yield some
        else:
            axis = int(np.argmax(high - low))
            is_low = place[axis, some] <= (low[axis] + high[axis]) // 2
            todo += [some[~is_low], some[is_low]]


def _count(code: Ints, n_codes: int) -> tuple[Ints, Ints]:
    """The codes that occur, sorted, and how often."""
    if n_codes > TABLE_PAIRS:
        found, count = np.unique(code, return_counts=True)
        return found, count
    table = np.bincount(code, minlength=n_codes)
    found = np.flatnonzero(table)
    return found, table[found]


def _summed(parts: list[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Codes and counts of several parts as one."""
    if len(parts) == 1:
        return parts[0]
    none = np.zeros(0, dtype=np.int64)
    code, at = np.unique(np.concatenate([none, *(c for c, _ in parts)]), return_inverse=True)
    count = np.zeros(len(code), dtype=np.int64)
    np.add.at(count, at, np.concatenate([none, *(n for _, n in parts)]))
    return code, count
