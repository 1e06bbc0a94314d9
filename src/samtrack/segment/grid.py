"""The grid that a frame is worked on: coarse enough for the cell's size, anchored at the frame's first voxel.

A cell of 120 px shows no more than one of 20 px, at 36 times the cost. Every function here gives a voxel the same bits
whatever tile it is computed in: sums run in a fixed order, positions count from the frame's corner.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from samtrack.types import Box, Scale

Image = npt.NDArray[np.float32]

WORKING_DIAMETER_PX = {2: 16.0, 3: 10.0}
"""A cell is at least this many working voxels wide (per axis, where the data have them), by number of axes: borders are
then off by about a quarter of a working voxel, 3 % of an area. Smaller in 3D, where cost grows with the cube."""

TRUNCATE = 3.0
"""Gaussians end at this many standard deviations (0.3 % of the weight lies beyond), so that their reach is known."""


@dataclass(frozen=True, slots=True)
class Grid:
    """Working voxels of one segmenter: ``factors`` voxels of the frame make one.

    ``cell_px`` is a cell's diameter in them per axis, ``cell_voxels`` the size of a disc (ball) of that diameter.
    """

    factors: tuple[int, ...]
    cell_px: tuple[float, ...]
    cell_voxels: float

    @classmethod
    def of(cls, scale: Scale, diameter_um: float) -> Grid:
        """The grid for cells of this diameter."""
        across = diameter_um / scale.voxel_um
        target = WORKING_DIAMETER_PX[scale.ndim]
        factors = np.maximum(1, np.floor(across / target)).astype(int)
        cell_px = across / factors
        unit = np.pi / 4 if scale.ndim == 2 else np.pi / 6
        return cls(tuple(int(f) for f in factors), tuple(float(c) for c in cell_px), float(unit * np.prod(cell_px)))

    @property
    def ndim(self) -> int:
        """Number of spatial axes."""
        return len(self.factors)

    def shape_of(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Working voxels of a frame of ``shape`` voxels; the last one may be a part."""
        return tuple(-(-n // f) for n, f in zip(shape, self.factors, strict=True))

    def aligned(self, box: Box, shape: tuple[int, ...]) -> Box:
        """The box grown to whole working voxels."""
        start = tuple(a // f * f for a, f in zip(box.start, self.factors, strict=True))
        stop = tuple(-(-b // f) * f for b, f in zip(box.stop, self.factors, strict=True))
        return Box(start, stop).clipped(shape)

    def shrunk(self, box: Box) -> Box:
        """An aligned box in working voxels."""
        start = tuple(a // f for a, f in zip(box.start, self.factors, strict=True))
        stop = tuple(-(-b // f) for b, f in zip(box.stop, self.factors, strict=True))
        return Box(start, stop)

    def blur(self, image: Image, share: float) -> Image:
        """Gaussian blur with a standard deviation of ``share`` cell diameters."""
        return ndimage.gaussian_filter(image, [share * c for c in self.cell_px], mode="reflect", truncate=TRUNCATE)

    def reach_px(self, share: float) -> tuple[int, ...]:
        """How far `blur` looks, in working voxels."""
        return tuple(int(TRUNCATE * share * c + 0.5) for c in self.cell_px)

    def expand(self, labels: npt.NDArray[Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
        """Working labels as labels of the frame's voxels, cut to ``shape``."""
        for axis, factor in enumerate(self.factors):
            labels = np.repeat(labels, factor, axis) if factor > 1 else labels
        return labels[tuple(slice(0, n) for n in shape)]


def block_mean(image: Image, factors: tuple[int, ...]) -> Image:
    """Mean of each block of ``factors`` voxels; blocks cut off by the image's end repeat its last voxels."""
    if max(factors) == 1:
        return image
    pad = [(0, -n % f) for n, f in zip(image.shape, factors, strict=True)]
    padded = np.pad(image, pad, mode="edge")
    # strided sums, because numpy's mean adds in an order that depends on the array's shape
    total = np.zeros(tuple(n // f for n, f in zip(padded.shape, factors, strict=True)), dtype=np.float32)
    for offset in product(*(range(f) for f in factors)):
        total += padded[tuple(slice(o, None, f) for o, f in zip(offset, factors, strict=True))]
    total /= np.float32(np.prod(factors))
    return total


def interpolate(coarse: Image, first: tuple[float, ...], step: tuple[float, ...], box: Box) -> Image:
    """A coarse map at each voxel of ``box``, linearly; entry i of an axis lies at ``first + i * step``; flat outside."""
    fine = coarse
    for axis, (start, stop) in enumerate(zip(box.start, box.stop, strict=True)):
        place = np.clip((np.arange(start, stop) - first[axis]) / step[axis], 0, coarse.shape[axis] - 1)
        below = np.floor(place).astype(np.intp)
        above = np.minimum(below + 1, coarse.shape[axis] - 1)
        share = (place - below).astype(np.float32).reshape([-1 if a == axis else 1 for a in range(fine.ndim)])
        fine = fine.take(below, axis) * (1 - share) + fine.take(above, axis) * share
    return fine
