"""The planes in which a network looks at the cells of a frame. A frame of two axes is a volume of one plane.

A network of pictures sees a cell of three axes in one plane or in a few of them; here it is counted which of them hold how
much of each cell, for all cells at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from samtrack.blocks import Reader, plan_slabs, whole_box

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """How the cells of a volume lie across one axis.

    ``count`` (n, size): voxels of each cell in each plane; ``sums`` (n, size, 2): of their places within the plane.
    """

    count: Ints
    sums: Floats


@dataclass(frozen=True, slots=True)
class Planes:
    """Planes of each of n cells, v of them; ``is_real`` (n, v) is False where a cell has fewer.

    ``axis`` (v,): across which they lie; ``index`` (n, v): which they are; ``centre`` (n, v, 2): of the cell, in voxels.
    """

    axis: tuple[int, ...]
    index: Ints
    centre: Floats
    is_real: npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Group:
    """Cells of a frame that are looked at in one plane: their places among the cells, and the column of their planes."""

    axis: int
    index: int
    part: int
    cell: Ints
    column: Ints
    centre: Floats

    @property
    def key(self) -> tuple[int, int, int]:
        """What the group is called."""
        return self.axis, self.index, self.part

    @property
    def plane(self) -> tuple[int, int]:
        """The plane: across which axis it lies, and which it is."""
        return self.axis, self.index


CELLS_AT_ONCE = 1024
"""Cells of a group at most: at 16 tokens across their memories take about 50 MB."""

AXES = {"largest": (0,), "three": (0, 0, 0), "orthogonal": (0, 1, 2)}
"""The axes across which planes lie, by the setting ``link.propagate_planes``."""


def profile_of(read: Reader, shape: tuple[int, ...], n_cells: int, axis: int) -> Profile:
    """Count the voxels of a volume (z, y, x) of cell numbers (from 1; 0: none), plane by plane across an axis."""
    size = shape[axis]
    within = [a for a in range(3) if a != axis]
    count = np.zeros(n_cells * size, dtype=np.int64)
    sums = np.zeros((n_cells * size, 2))
    for box in plan_slabs(whole_box(shape)):
        part = read(box)
        place = [at + a for at, a in zip(np.nonzero(part), box.start, strict=True)]
        cell = part[part > 0].astype(np.int64) - 1
        code = cell * size + place[axis]
        count += np.bincount(code, minlength=len(count))
        for i, a in enumerate(within):
            sums[:, i] += np.bincount(code, weights=place[a], minlength=len(count))
    return Profile(count.reshape(n_cells, size), sums.reshape(n_cells, size, 2))


def choose_planes(profiles: Mapping[int, Profile], which: str) -> Planes:
    """The planes of each cell, as the setting asks; a plane that would be looked at twice counts once."""
    axes = AXES[which]
    if which == "three":
        index = _three(profiles[0].count)
    else:
        index = np.stack([profiles[axis].count.argmax(axis=1) for axis in axes], axis=1)
    row = np.arange(len(index))
    held = np.stack([profiles[axis].count[row, index[:, v]] for v, axis in enumerate(axes)], axis=1)
    sums = np.stack([profiles[axis].sums[row, index[:, v]] for v, axis in enumerate(axes)], axis=1)
    is_real = held > 0
    for v in range(1, len(axes)):
        same = [index[:, v] == index[:, u] for u in range(v) if axes[u] == axes[v]]
        is_real[:, v] &= ~np.any([np.zeros(len(index), dtype=bool), *same], axis=0)
    return Planes(axes, index, sums / np.maximum(held, 1)[..., None], is_real)


def _three(count: Ints) -> Ints:
    """The plane that holds most of each cell, and those half-way from there to its first and to its last one."""
    is_there = count > 0
    first, last = is_there.argmax(axis=1), count.shape[1] - 1 - is_there[:, ::-1].argmax(axis=1)
    largest = count.argmax(axis=1)
    return np.stack([largest, (first + largest) // 2, (largest + last + 1) // 2], axis=1)


def groups_of(planes: Planes) -> dict[tuple[int, int, int], Group]:
    """The cells of a frame by the plane in which they are looked at, at most `CELLS_AT_ONCE` together."""
    axes, found = np.array(planes.axis), {}
    cell, column = np.nonzero(planes.is_real)
    index = planes.index[cell, column]
    order = np.lexsort((column, cell, index, axes[column]))
    cell, column, index = cell[order], column[order], index[order]
    starts = np.flatnonzero(np.diff(axes[column] * (index.max(initial=0) + 1) + index, prepend=-1))
    for start, stop in pairwise([*starts, len(cell)]):
        for part, at in enumerate(range(start, stop, CELLS_AT_ONCE)):
            some = slice(at, min(at + CELLS_AT_ONCE, stop))
            centre = planes.centre[cell[some], column[some]]
            group = Group(int(axes[column[at]]), int(index[at]), part, cell[some], column[some], centre)
            found[group.key] = group
    return found
