"""Which part of a plane is worth encoding for a few windows, and the logits of windows on the voxels of boxes.

A frame in which one cell is asked for need not be encoded whole. Crops begin at places of a fixed grid, so that what is
seen of a cell does not depend on the other cells that are asked for, and neighbours share a crop.

Legend: n windows, w side of a window in tokens, s samples per token and axis.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.models.sam2.windows import HALO_TOKENS, LOGIT_SAMPLES, Ints, Lattice
from samtrack.types import Box


def crops_around(centre: npt.NDArray[Any], lattice: Lattice, side: int, tile: int) -> list[Box]:
    """The part of the plane, (y, x) voxels, to be encoded for each of n places (n, 2), in voxels.

    ``side`` and ``tile``: sides of a window and of a tile in tokens. The whole plane where that takes fewer tiles.
    """
    whole, tile = Box((0, 0), lattice.shape), max(tile, side)
    corner = lattice.corners(centre, side)
    step = max(1, tile - side - 2 * HALO_TOKENS)
    token = (corner - min(HALO_TOKENS, (tile - side) // 2)) // step * step
    if len(np.unique(token, axis=0)) >= tiles_of(lattice, tile):
        return [whole] * len(corner)
    zoom = np.array(lattice.zoom)
    size = np.minimum(np.floor(tile * lattice.token_px / zoom + 1e-6).astype(np.int64), lattice.shape)
    start = np.clip(np.floor(token * lattice.token_px / zoom).astype(np.int64), 0, np.array(lattice.shape) - size)
    return [Box(tuple(a), tuple(a + size)) for a in start]


def tiles_of(lattice: Lattice, tile: int) -> int:
    """How many tiles of ``tile`` tokens a side it takes to encode a plane."""
    tokens = -(-np.array(lattice.size_px) // lattice.token_px)
    halo = min(HALO_TOKENS, (tile - 1) // 2)
    return int(np.prod(np.maximum(1, -(-(tokens - 2 * halo) // (tile - 2 * halo)))))


def logits_at(
    logits: npt.NDArray[np.float32],
    lattice: Lattice,
    corner: Ints,
    start: npt.NDArray[Any],
    shape: tuple[int, ...],
    outside: float,
) -> npt.NDArray[np.float32]:
    """Logits (n, w·s, w·s) of windows on the voxels of boxes, bilinear, as (n, h, w).

    The boxes have one ``shape`` and begin at ``start`` (n, 2), one per window. ``outside``: the logit of voxels that a
    window does not reach.
    """
    (low_y, part_y, in_y), (low_x, part_x, in_x) = (
        _samples(logits.shape[1], lattice, corner, np.asarray(start), shape, axis) for axis in (0, 1)
    )
    window, low_x, part_x = np.arange(len(corner))[:, None, None], low_x[:, None], part_x[:, None]
    found = np.zeros((len(corner), *shape), dtype=np.float32)
    for down, share in ((0, 1 - part_y), (1, part_y)):
        row = low_y[:, :, None] + down
        line = logits[window, row, low_x] * (1 - part_x) + logits[window, row, low_x + 1] * part_x
        found += share[:, :, None] * line
    found[~(in_y[:, :, None] & in_x[:, None])] = outside
    return found


def _samples(
    n_samples: int, lattice: Lattice, corner: Ints, start: npt.NDArray[Any], shape: tuple[int, ...], axis: int
) -> tuple[Ints, npt.NDArray[np.float32], npt.NDArray[np.bool_]]:
    """For the voxels of n boxes along an axis: the sample before each, how far it lies beyond, whether it is reached."""
    voxel = start[:, axis, None] + np.arange(shape[axis])
    model_px = (voxel + 0.5) * lattice.zoom[axis] - corner[:, axis, None] * lattice.token_px
    at = model_px / (lattice.token_px / LOGIT_SAMPLES) - 0.5
    is_inside = (at > -1) & (at < n_samples)
    at = np.clip(at, 0, n_samples - 1)
    low = np.minimum(at.astype(np.int64), n_samples - 2)
    return low, (at - low).astype(np.float32), is_inside
