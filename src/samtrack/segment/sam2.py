"""Masks drawn by SAM 2 around the cells that the classical segmenter finds: a click in each, clicks off its neighbours.

The classical labels say where cells are; the network says where they end. Voxels that several cells want go to the
highest logit. A cell that the network does not see, or is not sure of, keeps its classical mask. 2D only.

Legend: n cells; h, w: voxels under a window along y and x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from scipy.spatial import cKDTree

from samtrack.config.segment import Sam2SegmentSettings
from samtrack.models.sam2.crops import logits_at
from samtrack.models.sam2.pixels import normalised
from samtrack.segment.base import Labels, Segmenter
from samtrack.segment.borders import largest_pieces
from samtrack.segment.tiles import segment_frame
from samtrack.types import Box, Frames

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Carried, Picture, Sam2Engine

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]

NEIGHBOURS = 4
"""Most neighbours that are clicked off: in a crowd a cell has about six, of which the nearest few bound it."""

SEED_LOGIT = 2.0
"""Logit of the voxels of a classical mask that is kept (odds of 7 to 1): a neighbour takes those it is surer of."""

AT_ONCE = 256
"""Cells whose logits are brought to voxels at once: some 100 MB at windows of 300 voxels a side."""

OUTSIDE = -1.0
"""Logit where a window does not reach: not of the cell."""


@dataclass(frozen=True, slots=True)
class Sam2Segmenter:
    """The network around the objects of another segmenter, ``seeds``, for cells of ``cell_px`` voxels along y and x."""

    settings: Sam2SegmentSettings
    seeds: Segmenter
    engine: Sam2Engine
    cell_px: tuple[float, float]
    memory_gb: float | None = None

    @property
    def tiling(self) -> None:
        """Whole frames: the engine cuts them itself."""
        return

    def frame_facts(self, images: Frames, frame: int) -> Labels:
        """The classical labels of the frame."""
        return segment_frame(self.seeds, images, frame, self.memory_gb)

    def segment(self, image: npt.NDArray[Any], box: Box, facts: Labels) -> Labels:
        """Labels of the frame, numbered from 1 in the order of the classical ones."""
        seeds, n = facts, int(facts.max(initial=0))
        if n == 0:
            return seeds
        engine = self.engine
        picture = engine.look(normalised(image), engine.lattice((image.shape[0], image.shape[1]), self.cell_px))
        centre = points_inside(seeds, n)
        corner = engine.corners(picture, centre)
        points, is_in = clicks(centre, corner, picture, engine.side)
        seen = engine.from_points(picture, corner, points, is_in)
        least = max(self.settings.classical.min_size_fraction * np.pi / 4 * float(np.prod(self.cell_px)), 1.0)
        is_sure = (seen.object_logit > 0) & (seen.iou >= self.settings.min_iou)
        wanted = _wanted(seen, centre, np.flatnonzero(is_sure), seeds.shape)
        is_sure = np.bincount(wanted.cell, minlength=n + 1)[1:] >= least
        return _numbered(_owned(_with_seeds(wanted, seeds, is_sure), seeds.shape), n, least)


class _Wanted(NamedTuple):
    """Voxels (flat numbers) that cells want, one entry per voxel and cell: the logit there, and the cell's label."""

    voxel: Ints
    logit: Floats
    cell: Ints


def points_inside(labels: Labels, n: int) -> npt.NDArray[np.float64]:
    """The voxel of each label 1 … n that lies deepest inside of it, (n, 2)."""
    framed = np.pad(labels, 1)
    inner = framed > 0
    for axis, step in ((0, 1), (0, -1), (1, 1), (1, -1)):
        inner &= framed == np.roll(framed, step, axis)
    depth = ndimage.distance_transform_edt(inner)
    found = ndimage.maximum_position(depth, framed, np.arange(1, n + 1))
    return np.array(found, dtype=np.float64) - 1


def clicks(centre: npt.NDArray[np.float64], corner: Ints, picture: Picture, side: int) -> tuple[Any, Any]:
    """Points (n, 1 + 4, 2) and what they say (n, 1 + 4): 1 the cell itself, 0 a neighbour, -1 nothing.

    Neighbours outside of a cell's window are no points.
    """
    n = min(NEIGHBOURS + 1, len(centre))
    _, near = cKDTree(centre).query(centre, k=np.arange(1, n + 1))
    own = np.arange(len(centre))[:, None]
    points = np.full((len(centre), NEIGHBOURS + 1, 2), -1.0)
    points[:, :n] = centre[near]
    is_in = np.full(points.shape[:2], -1, dtype=np.int64)
    is_in[:, :n] = near == own
    inside = picture.lattice.inside(points, corner)
    is_in[((inside < 0) | (inside >= side * picture.lattice.token_px)).any(axis=2)] = -1
    points[is_in < 0] = 0
    return points, is_in


def _wanted(seen: Carried, centre: npt.NDArray[np.float64], cells: Ints, shape: tuple[int, ...]) -> _Wanted:
    """What the network gives to some of the cells: of each the piece under its click."""
    lattice, side_px = seen.lattice, seen.logits.shape[1] * seen.lattice.token_px / 4
    size = tuple(min(int(np.ceil(side_px / z)) + 1, n) for z, n in zip(lattice.zoom, shape, strict=True))
    first = np.floor(seen.corner * lattice.token_px / np.array(lattice.zoom)).astype(np.int64)
    first = np.clip(first, 0, np.array(shape) - size)
    found = [(np.zeros(0, np.int64), np.zeros(0, np.float32), np.zeros(0, np.int64))]
    for at in range(0, len(cells), AT_ONCE):
        some = cells[at : at + AT_ONCE]
        logits = logits_at(seen.logits[some], lattice, seen.corner[some], first[some], size, OUTSIDE)
        click = np.clip(centre[some].astype(np.int64) - first[some], 0, np.array(size) - 1)
        row, y, x = np.nonzero(_piece_under(logits > 0, click))
        voxel = (first[some][row, 0] + y) * shape[1] + first[some][row, 1] + x
        found.append((voxel, logits[row, y, x], some[row] + 1))
    voxel, logit, cell = zip(*found, strict=True)
    return _Wanted(np.concatenate(voxel), np.concatenate(logit), np.concatenate(cell))


def _with_seeds(wanted: _Wanted, seeds: Labels, is_sure: npt.NDArray[np.bool_]) -> _Wanted:
    """What the network gives to cells that it is sure of (n,); the others want their classical masks."""
    stays = is_sure[wanted.cell - 1]
    kept = np.flatnonzero((seeds > 0) & ~np.r_[True, is_sure][seeds])
    return _Wanted(
        np.concatenate([wanted.voxel[stays], kept]),
        np.concatenate([wanted.logit[stays], np.full(len(kept), SEED_LOGIT, dtype=np.float32)]),
        np.concatenate([wanted.cell[stays], seeds.ravel()[kept].astype(np.int64)]),
    )


def _piece_under(masks: npt.NDArray[np.bool_], click: Ints) -> npt.NDArray[np.bool_]:
    """Of each mask (n, h, w) the connected piece that holds its click (n, 2); nothing where none does."""
    flat = np.zeros((3, 3, 3), dtype=np.bool_)
    flat[1] = ndimage.generate_binary_structure(2, 1)
    pieces, _ = ndimage.label(masks, flat)
    own = pieces[np.arange(len(masks)), click[:, 0], click[:, 1]]
    return masks & (pieces == own[:, None, None])


def _owned(wanted: _Wanted, shape: tuple[int, ...]) -> npt.NDArray[np.int32]:
    """Each voxel to the cell with the highest logit there, then to the lower label; each cell in one piece."""
    order = np.lexsort((wanted.cell, -wanted.logit, wanted.voxel))
    first = order[np.diff(wanted.voxel[order], prepend=-1) != 0]
    labels = np.zeros(shape, dtype=np.int32)
    labels.ravel()[wanted.voxel[first]] = wanted.cell[first]
    return largest_pieces(labels)


def _numbered(labels: npt.NDArray[np.int32], n: int, least: float) -> Labels:
    """The labels of at least ``least`` voxels, numbered anew from 1."""
    size = np.bincount(labels.ravel(), minlength=n + 1)
    kept = size >= least
    kept[0] = False
    return np.where(kept, np.cumsum(kept), 0).astype(np.uint32)[labels]
