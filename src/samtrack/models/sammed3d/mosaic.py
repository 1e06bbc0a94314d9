"""Which tiles the network sees of a frame, and its answers brought back to the frame's voxels.

Tiles lie on a grid that is fixed to the frame: they overlap, and their cores do not. So which tile a place belongs to, and
what the network sees there, does not depend on which part of the frame somebody happens to work on.

Legend: n points, p objects, l side of a logit volume; z, y, x: voxels of the frame in a box.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError
from samtrack.models.sammed3d.tiles import Tiles, grey_range
from samtrack.types import Box, Frames

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

LEAST_CORE = 0.25
"""Least side of a core as a share of the tile's: smaller ones would cost a tile per cell and more."""

SAMPLES = 2**18
"""Voxels from which a frame's range of grey values is taken: 500 of them lie above the upper percentile."""


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Tiles over a frame; core k of an axis begins at ``first`` + k ``core``, in tile voxels, and there are ``count``.

    An axis that fits into one tile has one, with the frame in its middle.
    """

    tiles: Tiles
    first: tuple[int, ...]
    core: tuple[int, ...]
    count: tuple[int, ...]

    @classmethod
    def over(cls, tiles: Tiles, margin: float) -> Mosaic:
        """Tiles that reach ``margin`` tile voxels beyond their cores, as far as `LEAST_CORE` allows."""
        side = tiles.side
        width = max(side - 2 * int(np.ceil(margin)), int(np.ceil(LEAST_CORE * side)))
        first, core, count = [], [], []
        for extent in tiles.size:
            is_one = extent <= side
            first.append(-((side - extent) // 2) if is_one else 0)
            core.append(side if is_one else width)
            count.append(1 if is_one else -(-extent // width))
        return cls(tiles, tuple(first), tuple(core), tuple(count))

    def tile_of(self, points: npt.NDArray[Any]) -> Ints:
        """The tile, as one number, whose core holds each point (n, 3), in voxels of the frame."""
        along = self.tiles.to_tile(points, self.first) + 0.5
        index = np.clip(np.floor(along / self.core), 0, np.array(self.count) - 1).astype(np.int64)
        return np.asarray(np.ravel_multi_index(tuple(index.T), self.count), dtype=np.int64)

    def corners(self, numbers: Ints) -> Ints:
        """First voxels (n, 3) of tiles, in tile voxels from the frame's corner; they may lie outside of the frame."""
        index = np.stack(np.unravel_index(numbers, self.count), axis=-1)
        margin = (self.tiles.side - np.array(self.core)) // 2
        return np.asarray(self.first + index * self.core - margin, dtype=np.int64)


def measure_range(images: Frames, frame: int) -> tuple[float, float]:
    """Darkest and brightest grey value that count in a frame, from voxels on a fixed lattice, read plane by plane."""
    depth, *plane = images.shape
    step = max(1, int(np.ceil((np.prod(images.shape, dtype=np.float64) / SAMPLES) ** (1 / 3))))
    seen = [
        images.read(frame, Box((z, 0, 0), (z + 1, *plane)))[0, ::step, ::step].copy() for z in range(0, depth, step)
    ]
    low, high = grey_range(np.stack(seen))
    if not np.isfinite([low, high]).all():
        raise DataError(
            f"frame {frame}: the image holds NaN or infinite values, expected finite intensities. "
            "Set ingest.not_finite: zero, or repair the images."
        )
    return low, high


def logits_at(logits: Floats, tiles: Tiles, corner: Ints, first: Ints, size: tuple[int, ...], outside: float) -> Floats:
    """Logits (p, l, l, l) on voxels of the frame, (p, z, y, x): linear between their places, ``outside`` beyond the tile.

    ``corner`` (p, 3) or (3,): first voxel of each object's tile; ``first`` (p, 3): the first voxel of the frame wanted.
    """
    found, n_logits = np.asarray(logits, dtype=np.float32), logits.shape[1]
    inside = []
    for axis, n in enumerate(size):
        place = (first[:, axis, None] + np.arange(n) + 0.5) * tiles.zoom[axis] - corner[..., axis, None]
        below, share, within = _between(place * (n_logits / tiles.side) - 0.5, n_logits)
        along = [1, 1, 1, 1]
        along[0], along[axis + 1] = below.shape
        below, share = below.reshape(along), share.reshape(along)
        lower, upper = (np.take_along_axis(found, at, axis + 1) for at in (below, below + 1))
        found = lower + (upper - lower) * share
        inside.append(within)
    z, y, x = inside
    found[~(z[:, :, None, None] & y[:, None, :, None] & x[:, None, None, :])] = outside
    return found


def volume_at(volume: Floats, box: Box, tiles: Tiles, corner: Ints, n_logits: int, outside: float) -> Floats:
    """Values (z, y, x) on the voxels of ``box`` at the places of a tile's logits, (l, l, l); ``outside`` beyond the box.

    The inverse of `logits_at` for one object: what is known of it, in the form in which the network is shown it.
    """
    found, inside = np.asarray(volume, dtype=np.float32), []
    for axis, n in enumerate(box.shape):
        in_tile = (np.arange(n_logits) + 0.5) * (tiles.side / n_logits)
        place = (in_tile + corner[axis]) / tiles.zoom[axis] - 0.5 - box.start[axis]
        found = np.pad(found, [(0, 1 if a == axis and n == 1 else 0) for a in range(3)], mode="edge")
        below, share, within = _between(place, n)
        share = share.reshape([-1 if a == axis else 1 for a in range(3)])
        lower, upper = found.take(below, axis), found.take(below + 1, axis)
        found = lower + (upper - lower) * share
        inside.append(within)
    z, y, x = inside
    found[~(z[:, None, None] & y[:, None] & x)] = outside
    return found


def _between(place: npt.NDArray[np.float64], n: int) -> tuple[npt.NDArray[np.intp], Floats, npt.NDArray[np.bool_]]:
    """For places among n values: the value before each, the share of the one after it, and whether it is among them."""
    within = (place >= -0.5) & (place <= n - 0.5)
    held = np.clip(place, 0, n - 1)
    below = np.minimum(np.floor(held).astype(np.intp), max(n - 2, 0))
    return below, (held - below).astype(np.float32), within
