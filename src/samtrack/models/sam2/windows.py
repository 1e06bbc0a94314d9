"""Windows: the part of a picture that is looked at for one cell, in tokens of the network; and what labels look like there.

A picture is a plane of a frame, resampled so that cells have the size the network likes. Its *model pixels* are counted
from its corner; voxel i of the plane covers those from i · zoom to (i + 1) · zoom. A window starts at a whole token and
may reach beyond the picture.

Legend: n windows, w side of a window in tokens, s samples per token and axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

MASK_SAMPLES = 16
"""Samples per token and axis of the masks that the memory encoder reads."""

LOGIT_SAMPLES = 4
"""Samples per token and axis of predicted logits."""

HALO_TOKENS = 2
"""Least tokens between what is used of a tile and its rim: there, an encoder sees too little."""

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Lattice:
    """How the voxels of a plane, (y, x), lie under the tokens of its picture; ``zoom`` is in model pixels per voxel."""

    shape: tuple[int, int]
    zoom: tuple[float, float]
    token_px: int = 16

    @property
    def size_px(self) -> tuple[int, int]:
        """Size of the picture in model pixels: what the plane covers, rounded up."""
        height, width = (int(np.ceil(n * z - 1e-6)) for n, z in zip(self.shape, self.zoom, strict=True))
        return max(height, 1), max(width, 1)

    def corners(self, centre: npt.NDArray[Any], side: int) -> Ints:
        """First token (n, 2) of the windows that have the given places (n, 2), in voxels, nearest to their middle."""
        at = (np.asarray(centre, dtype=np.float64) + 0.5) * self.zoom / self.token_px
        return np.floor(at - side / 2 + 0.5).astype(np.int64)

    def inside(self, place: npt.NDArray[Any], corner: Ints) -> Floats:
        """Places (n, ..., 2), in voxels, as model pixels counted from the corners of their windows (n, 2)."""
        at = (np.asarray(place, dtype=np.float64) + 0.5) * self.zoom
        spread = corner.reshape(len(corner), *(1,) * (at.ndim - 2), 2)
        return at - spread * self.token_px

    def samples(self, corner: Ints, side: int, per_token: int) -> tuple[Ints, Ints]:
        """Rows and columns of the voxels under the samples of each window, (n, w·s) each; -1 beyond the plane."""
        middle = (np.arange(side * per_token) + 0.5) * (self.token_px / per_token)
        found = []
        for axis in (0, 1):
            at = (corner[:, axis, None] * self.token_px + middle) / self.zoom[axis]
            voxel = np.floor(at).astype(np.int64)
            found.append(np.where((voxel >= 0) & (voxel < self.shape[axis]), voxel, -1))
        return found[0], found[1]


def cut(plane: npt.NDArray[Any], lattice: Lattice, corner: Ints, side: int, per_token: int) -> npt.NDArray[Any]:
    """The voxels of a plane under the samples of each window, (n, w·s, w·s); 0 beyond the plane."""
    rows, columns = lattice.samples(corner, side, per_token)
    seen = plane[rows[:, :, None], columns[:, None, :]]
    seen[(rows < 0)[:, :, None] | (columns < 0)[:, None, :]] = 0
    return seen


def masks_in(
    plane: npt.NDArray[Any], label: npt.NDArray[Any], lattice: Lattice, corner: Ints, side: int
) -> npt.NDArray[np.bool_]:
    """The mask of one label per window, at 16 samples per token and axis: what a memory is made of."""
    return cut(plane, lattice, corner, side, MASK_SAMPLES) == np.asarray(label)[:, None, None]
