"""Tiles: cubes of a volume as the network sees them, with isotropic voxels and cells of the size it likes.

A volume, resampled so, is a grid of *tile voxels* counted from its corner; voxel i of the frame covers those from i · zoom
to (i + 1) · zoom. A tile begins at a whole tile voxel and may reach beyond the frame. The same functions prepare what a
network learns from and what it works on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from samtrack.models.sam2.pixels import (
    BRIGHT_PERCENT,
    DARK_PERCENT,
    MOST_SAMPLED,
    regular_sample,
    sample_places,
    sample_weights,
)
from samtrack.types import Box

Floats = npt.NDArray[np.float64]
Float32s = npt.NDArray[np.float32]
Read = Callable[[Box], npt.NDArray[Any]]
Corner = Sequence[int] | npt.NDArray[np.int64]

LEAST = 1e-5
"""Smallest intensity inside of a frame, as the published weights were trained with: 0 means "no image here"."""

PLANES_SAMPLED = 32
"""Planes, evenly spaced, from which the range of grey values of a frame is told."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """How the voxels of a frame (z, y, x) lie under tiles of ``side``; ``zoom``: tile voxels per frame voxel and axis."""

    shape: tuple[int, int, int]
    zoom: tuple[float, float, float]
    side: int

    @classmethod
    def for_cells(
        cls, shape: Sequence[int], um_per_voxel: Sequence[float], diameter_um: float, cell_px: float, side: int
    ) -> Self:
        """Tiles in which cells of ``diameter_um`` measure ``cell_px``."""
        z, y, x = (cell_px * um / diameter_um for um in um_per_voxel)
        return cls((int(shape[0]), int(shape[1]), int(shape[2])), (z, y, x), side)

    @property
    def size(self) -> tuple[int, int, int]:
        """Tile voxels that the frame covers, rounded up; at least 1."""
        z, y, x = (max(int(np.ceil(n * zoom - 1e-6)), 1) for n, zoom in zip(self.shape, self.zoom, strict=True))
        return z, y, x

    def corner_around(self, point: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """First voxel of the tiles that have the given places (..., 3), in voxels of the frame, nearest to their middle."""
        at = (np.asarray(point, dtype=np.float64) + 0.5) * self.zoom
        return np.floor(at - self.side / 2 + 0.5).astype(np.int64)

    def to_tile(self, points: npt.ArrayLike, corner: Corner) -> Floats:
        """Places (..., 3) in voxels of the frame as places in a tile; both count from the centre of their first voxel."""
        return np.asarray((np.asarray(points, dtype=np.float64) + 0.5) * self.zoom - 0.5 - np.asarray(corner))

    def to_frame(self, points: npt.ArrayLike, corner: Corner) -> Floats:
        """Places (..., 3) in a tile as places in voxels of the frame."""
        return np.asarray((np.asarray(points, dtype=np.float64) + np.asarray(corner) + 0.5) / self.zoom - 0.5)

    def box(self, corner: Corner) -> Box:
        """Voxels of the frame that a tile depends on; may stick out of the frame."""
        start, stop = [], []
        for at, zoom in zip(corner, self.zoom, strict=True):
            reach = max(1.0, 1 / zoom)
            start.append(int(np.floor((at + 0.5) / zoom - 0.5 - reach)))
            stop.append(int(np.ceil((at + self.side - 0.5) / zoom - 0.5 + reach)) + 1)
        return Box(tuple(start), tuple(stop))

    def cut(self, read: Read, corner: Corner) -> Float32s:
        """A tile of intensities from `LEAST` on, 0 beyond the frame. ``read`` is called once, with a box in the frame.

        Linear between voxels where it enlarges, a wide triangle where it shrinks, so that nothing aliases.
        """
        box = self.box(corner).clipped(self.shape)
        if 0 in box.shape:
            return np.zeros((self.side,) * 3, dtype=np.float32)
        seen = np.asarray(read(box), dtype=np.float32)
        inside = []
        for axis, places in enumerate(self._places(corner)):
            weights = sample_weights(seen.shape[axis], places - box.start[axis], self.zoom[axis])
            inside.append(np.asarray(weights.any(axis=1), dtype=np.bool_))
            seen = np.moveaxis(np.tensordot(weights, seen, axes=(1, axis)), 0, axis)
        tile = np.maximum(seen, np.float32(LEAST)) * _all(inside)
        return np.ascontiguousarray(tile, dtype=np.float32)

    def cut_labels(self, read: Read, corner: Corner) -> npt.NDArray[np.int64]:
        """The labels, whatever their type, under the centres of a tile's voxels; 0 beyond the frame."""
        box = self.box(corner).clipped(self.shape)
        if 0 in box.shape:
            return np.zeros((self.side,) * 3, dtype=np.int64)
        index, inside = [], []
        for axis, places in enumerate(self._places(corner)):
            voxel = np.floor(places + 0.5).astype(np.int64)
            inside.append((voxel >= 0) & (voxel < self.shape[axis]))
            index.append(np.clip(voxel - box.start[axis], 0, box.shape[axis] - 1))
        return np.asarray(np.asarray(read(box))[np.ix_(*index)] * _all(inside), dtype=np.int64)

    def _places(self, corner: Corner) -> list[Floats]:
        """Coordinates of the tile's voxels in the frame, per axis."""
        return [sample_places(self.side, zoom, at / zoom) for at, zoom in zip(corner, self.zoom, strict=True)]


def _all(inside: Sequence[npt.NDArray[np.bool_]]) -> npt.NDArray[np.bool_]:
    """Where all three axes are inside, as a cube."""
    z, y, x = inside
    return z[:, None, None] & y[:, None] & x


def grey_range(sample: npt.NDArray[Any]) -> tuple[float, float]:
    """Darkest and brightest grey value that count: percentiles of a frame, or of a sample of it."""
    low, high = np.percentile(sample, [DARK_PERCENT, BRIGHT_PERCENT])
    return float(low), float(high)


def in_range(image: npt.NDArray[Any], low: float, high: float) -> Float32s:
    """Grey values from `LEAST` to 1; all `LEAST` where the range is empty."""
    if not high > low:
        return np.full(image.shape, LEAST, dtype=np.float32)
    scaled = (np.asarray(image, dtype=np.float32) - np.float32(low)) * np.float32(1 / (high - low))
    return np.clip(scaled, LEAST, 1, out=scaled)


def frame_range(read: Read, shape: Sequence[int]) -> tuple[float, float]:
    """`grey_range` of a frame that may be larger than memory, from some of its planes."""
    n = min(int(shape[0]), PLANES_SAMPLED)
    planes = np.unique(np.linspace(0, shape[0] - 1, n).astype(np.int64))
    boxes = [Box((int(z), 0, 0), (int(z) + 1, int(shape[1]), int(shape[2]))) for z in planes]
    return grey_range(np.concatenate([regular_sample(read(box), MOST_SAMPLED // n).reshape(-1) for box in boxes]))
