"""What a cell and its surroundings look like, as a small patch of grey values, and how alike two patches are.

A patch is sampled around the centroid at a spacing tied to the typical cell radius, and brought to mean 0 and standard
deviation 1, so that exposure and bleaching do not matter. The likeness of two patches is their correlation: a row of
products, for all pairs at once.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.ndimage import map_coordinates

from samtrack.blocks import is_small, plan_boxes, whole_box
from samtrack.link.cells import Cells
from samtrack.types import Box, Frames

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

REACH = 1.5
"""Half the side of a patch in typical cell radii: the cell and the rim in which its neighbours show."""

SAMPLES = {2: 11, 3: 7}
"""Samples per axis, for 2D and 3D: about four per cell diameter, what survives a cell's own deformation."""

CELLS_AT_ONCE = 2**11
"""Cells sampled at once: the places of their samples take 17 MB in 3D."""

PAIRS_AT_ONCE = 2**16
"""Pairs compared at once, so that the gathered patches stay below 100 MB."""


class Appearance:
    """Patches of the cells of a frame, sampled once per frame and forgotten."""

    def __init__(self, images: Frames, radius_um: float) -> None:
        self._images = images
        self._step_px = REACH * radius_um / images.scale.voxel_um
        self._held: dict[int, Floats] = {}

    def read(self, frame: int, cells: Cells) -> Floats:
        """The patches of all cells of a frame, (n, samples) in the order of ``cells``; 0 where a patch is even."""
        if frame not in self._held:
            self._held[frame] = self._sample(frame, cells)
        return self._held[frame]

    def forget_before(self, frame: int) -> None:
        """Let go of the frames before ``frame``."""
        self._held = {f: a for f, a in self._held.items() if f >= frame}

    def _sample(self, frame: int, cells: Cells) -> Floats:
        ndim = cells.centre_um.shape[1]
        axis = np.linspace(-1.0, 1.0, SAMPLES[ndim])
        grid = np.stack(np.meshgrid(*[axis] * ndim, indexing="ij"), axis=-1).reshape(-1, ndim)
        if len(cells) == 0:
            return np.zeros((0, len(grid)), dtype=np.float32)
        centre = cells.centre_um / self._images.scale.voxel_um
        patches = np.empty((len(cells), len(grid)), dtype=np.float32)
        for some in self._together(centre):
            patches[some] = self._values(frame, centre[some][:, None, :] + grid * self._step_px)
        patches -= patches.mean(axis=1, keepdims=True)
        spread = patches.std(axis=1, keepdims=True)
        return np.where(spread > 0, patches / np.where(spread > 0, spread, 1), 0).astype(np.float32)

    def _together(self, centre: npt.NDArray[np.float64]) -> Iterator[Ints]:
        """Cells that are sampled at once: of a small frame any, of a large one those that lie near each other."""
        shape = self._images.shape
        side = np.array(shape if is_small(shape) else plan_boxes(whole_box(shape))[0].shape)
        place = np.clip(centre, 0, np.array(shape) - 1) // side
        part = np.ravel_multi_index(tuple(place.astype(np.int64).T), tuple(-(-np.array(shape) // side)))
        order = np.argsort(part, kind="stable")
        for of_part in np.split(order, np.flatnonzero(np.diff(part[order])) + 1):
            yield from np.split(of_part, range(CELLS_AT_ONCE, len(of_part), CELLS_AT_ONCE))

    def _values(self, frame: int, points: npt.NDArray[np.float64]) -> Floats:
        """Grey values at points (n, samples, ndim) in voxels, linear between voxels; beyond the image its rim counts."""
        places = np.clip(points, 0, np.array(self._images.shape) - 1)
        box = whole_box(self._images.shape)
        if not is_small(self._images.shape):
            low, high = places.min(axis=(0, 1)), places.max(axis=(0, 1))
            box = Box(tuple(np.floor(low).astype(int)), tuple(np.floor(high).astype(int) + 2)).clipped(box.stop)
        image = np.asarray(self._images.read(frame, box), dtype=np.float32)
        places = (places - box.start).reshape(-1, places.shape[2])
        values = map_coordinates(image, places.T, order=1, mode="nearest", output=np.float32)
        return np.asarray(values.reshape(points.shape[:2]))


def likeness(source: Floats, target: Floats, a: Ints, b: Ints) -> npt.NDArray[np.float64]:
    """Correlation of the patches of each pair (rows ``a`` of ``source``, ``b`` of ``target``), -1 to 1; NaN: one is even."""
    found = np.empty(len(a))
    for start in range(0, len(a), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        # row by row, so that rounding does not depend on the number of pairs
        found[part] = np.einsum("ij,ij->i", source[a[part]], target[b[part]], dtype=np.float64)
    found /= max(source.shape[1], 1)
    seen_a, seen_b = (np.asarray(np.any(patches != 0, axis=1)) for patches in (source, target))
    return np.where(seen_a[a] & seen_b[b], found, np.nan)
