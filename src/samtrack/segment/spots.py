"""Where the cells of a frame are, before their masks are drawn: one point in each, and what is known of its mask.

Points come from the objects of the classical segmentation, found tile by tile, or from the user. Masks are kept as runs
of voxels, a few kilobytes each, so that the frame is never whole in memory.

Legend: n cells, r runs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from samtrack.blocks import plan_tiles
from samtrack.segment.base import Labels
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.segment.tiles import plan_side
from samtrack.types import Box, Frames

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Runs:
    """Masks of cells: voxels ``start`` … ``start + length - 1`` (r,), flat numbers in the frame, belong to ``cell`` (r,)."""

    start: Ints
    length: npt.NDArray[np.int32]
    cell: npt.NDArray[np.int32]

    @classmethod
    def of(cls, voxel: Ints, cell: npt.NDArray[np.integer]) -> Self:
        """From voxels (flat numbers), those of a cell rising, and the cell of each."""
        order = np.argsort(cell, kind="stable")
        voxel, cell = voxel[order], cell[order]
        begins = np.flatnonzero((np.diff(voxel, prepend=-2) != 1) | (np.diff(cell, prepend=-1) != 0))
        length = np.diff(begins, append=len(voxel))
        return cls(voxel[begins], length.astype(np.int32), cell[begins].astype(np.int32))

    def voxels_of(self, cells: Ints) -> tuple[Ints, npt.NDArray[np.int32]]:
        """The voxels of some cells, and the cell of each."""
        chosen = np.flatnonzero(np.isin(self.cell, cells))
        length = self.length[chosen].astype(np.int64)
        ends = np.cumsum(length)
        within = np.arange(int(ends[-1]) if len(ends) else 0) - np.repeat(ends - length, length)
        return np.repeat(self.start[chosen], length) + within, np.repeat(self.cell[chosen], length)


@dataclass(frozen=True, slots=True)
class Spots:
    """Cells of a frame in scan order: a point in each, (n, 3) in voxels, and their masks where they are known."""

    point: Doubles
    masks: Runs | None = None


def given_spots(points_um: Doubles, um_per_voxel: Doubles) -> Spots:
    """The points of the user, (n, 3), in scan order."""
    point = points_um / um_per_voxel
    return Spots(point[np.lexsort(point.T[::-1])])


def classical_spots(segmenter: SeedsSegmenter, images: Frames, frame: int, memory_gb: float | None) -> Spots:
    """The objects of the classical segmentation, in the order of their first voxels; the point is that next to the centroid.

    The same whatever the tiles.
    """
    facts, tiling = segmenter.frame_facts(images, frame), segmenter.tiling
    points, found, n = [np.zeros((0, 3))], [Runs.of(np.zeros(0, np.int64), np.zeros(0, np.int32))], 0
    for tile in plan_tiles(images.shape, plan_side(images.shape, tiling, memory_gb), tiling.halo):
        read = segmenter.grid.aligned(tile.read, images.shape)
        labels = segmenter.segment(images.read(frame, read), read, facts)
        point, runs = _owned(labels, read, tile.core, images)
        points.append(point)
        found.append(Runs(runs.start, runs.length, runs.cell + np.int32(n)))
        n += len(point)
    start, length, cell = (
        np.concatenate([getattr(runs, name) for runs in found]) for name in ("start", "length", "cell")
    )
    return _in_scan_order(np.concatenate(points), Runs(start, length, cell))


def _owned(labels: Labels, read: Box, core: Box, images: Frames) -> tuple[Doubles, Runs]:
    """The objects of a tile whose centroid lies in its core: a point in each, and their masks, numbered from 0."""
    place = np.flatnonzero(labels)
    _, object_of = np.unique(labels.ravel()[place], return_inverse=True)
    size = np.bincount(object_of)
    off_um, voxel = np.zeros(len(place)), np.zeros(len(place), dtype=np.int64)
    is_owned = np.ones(len(size), dtype=np.bool_)
    for axis, local in enumerate(np.unravel_index(place, labels.shape)):
        along = local + read.start[axis]
        voxel = voxel * images.shape[axis] + along
        total = np.bincount(object_of, along, len(size)).astype(np.int64)
        centre = total // np.maximum(size, 1)
        is_owned &= (core.start[axis] <= centre) & (centre < core.stop[axis])
        # in whole numbers, so that what is equally far stays so wherever the tile begins
        off_um += ((size[object_of] * along - total[object_of]) * images.scale.um_per_voxel[axis]) ** 2
    order = np.lexsort((place, off_um, object_of))
    middle = voxel[order[np.diff(object_of[order], prepend=-1) != 0]][is_owned]
    stays = is_owned[object_of]
    number = np.cumsum(is_owned) - 1
    point = np.stack(np.unravel_index(middle, images.shape), axis=-1).astype(np.float64)
    return point, Runs.of(voxel[stays], number[object_of[stays]])


def _in_scan_order(point: Doubles, masks: Runs) -> Spots:
    """Cells by their first voxel."""
    first = np.full(len(point), np.iinfo(np.int64).max)
    np.minimum.at(first, masks.cell, masks.start)
    order = np.argsort(first)
    rank = np.empty(len(point), dtype=np.int32)
    rank[order] = np.arange(len(point), dtype=np.int32)
    return Spots(point[order], Runs(masks.start, masks.length, rank[masks.cell]))
