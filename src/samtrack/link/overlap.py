"""How far the masks of one frame, moved to where the cells are expected, cover the masks of another.

All pairs at once: each source voxel is moved by its cell's step, rounded to voxels, and looked up in the target frame.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.blocks import relabelled
from samtrack.link.cells import Cells
from samtrack.link.voxels import slabs
from samtrack.types import Frames

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

# Pairs of cells up to which overlaps are counted in a table (32 MiB); more of them are counted by sorting.
TABLE_PAIRS = 2**22


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


class LabelStore:
    """Label frames as cell numbers (0: background, else 1 + the cell's place in `Cells`), read once each and forgotten."""

    def __init__(self, labels: Frames) -> None:
        self._labels = labels
        self._held: dict[int, npt.NDArray[np.int32]] = {}

    def read(self, frame: int, cells: Cells) -> npt.NDArray[np.int32]:
        """The cell number of each voxel of a frame; ``cells`` must be all cells of the frame."""
        if frame not in self._held:
            number = np.arange(1, len(cells) + 1)
            self._held[frame] = relabelled(self._labels.read(frame), cells.label, number, np.int32)
        return self._held[frame]

    def forget_before(self, frame: int) -> None:
        """Let go of the frames before ``frame``."""
        self._held = {f: a for f, a in self._held.items() if f >= frame}


def measure_overlap(
    source: npt.NDArray[np.int32], target: npt.NDArray[np.int32], step_px: Ints, target_voxels: Floats
) -> Overlap:
    """Overlaps of the cells of ``source``, each moved by its row of ``step_px`` (n, ndim), with those of ``target``."""
    n_source, n_target = len(step_px), len(target_voxels)
    moved = np.zeros(n_source)
    parts: list[Ints] = []
    for slab in slabs(source.shape):
        number, there = _move(source, slab, step_px)
        moved += np.bincount(number, minlength=n_source)
        hit = target.reshape(-1)[there]
        parts.append(number[hit > 0] * n_target + (hit[hit > 0] - 1))
    code, count = _count(np.concatenate(parts), n_source * n_target)
    return Overlap(code, count.astype(np.float64), moved, target_voxels)


def _move(source: npt.NDArray[np.int32], slab: slice, step_px: Ints) -> tuple[Ints, Ints]:
    """Cell and flat place of the moved voxels of a slab that lie inside the image."""
    part = source[slab]
    flat = part.reshape(-1)
    place = np.flatnonzero(flat)
    number = flat[place].astype(np.int64) - 1
    where = np.unravel_index(place, part.shape)
    is_inside = np.ones(len(place), dtype=bool)
    there = np.zeros(len(place), dtype=np.int64)
    for axis, (at, n) in enumerate(zip(where, source.shape, strict=True)):
        new = np.take(step_px[:, axis] + (slab.start if axis == 0 else 0), number)
        new += at
        is_inside &= (new >= 0) & (new < n)
        there *= n
        there += new
    return number[is_inside], there[is_inside]


def _count(code: Ints, n_codes: int) -> tuple[Ints, Ints]:
    """The codes that occur, sorted, and how often."""
    if n_codes > TABLE_PAIRS:
        found, count = np.unique(code, return_counts=True)
        return found, count
    table = np.bincount(code, minlength=n_codes)
    found = np.flatnonzero(table)
    return found, table[found]
