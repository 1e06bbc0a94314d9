"""What makes a cube look like another recording of it. Cubes are (z, y, x), above 0 to 1, 0 beyond the frame."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.models.sammed3d.tiles import LEAST, Float32s
from samtrack.simulate.texture import blur
from samtrack.train.link_recipes import log_uniform

WIDEST_BLUR = 1.5
"""Widest additional blur, in voxels of a tile."""

COARSEST = 4
"""Most planes of a tile that become one, as in a recording with coarser z planes."""


def turned(cube: npt.NDArray[Any], way: int) -> npt.NDArray[Any]:
    """One of the sixteen ways to lay a cube down that keep its z axis: mirrored along each axis, y and x exchanged."""
    for axis in range(3):
        if way >> axis & 1:
            cube = np.flip(cube, axis)
    return np.ascontiguousarray(cube.swapaxes(1, 2) if way & 8 else cube)


def repainted(cube: Float32s, rng: np.random.Generator) -> Float32s:
    """Another window of grey values, another lens, another camera, coarser planes: each of these now and then."""
    is_inside = cube > 0
    shown = cube.copy()
    if rng.random() < 0.2:
        shown = _with_coarse_planes(shown, int(rng.integers(2, COARSEST + 1)))
    if rng.random() < 0.3:
        width = rng.uniform(0.3, WIDEST_BLUR)
        shown = blur(shown, [width * rng.uniform(1, 2), width, width])
    if rng.random() < 0.6:
        np.power(np.maximum(shown, 0), np.float32(log_uniform(rng, 0.5, 2.0)), out=shown)
    if rng.random() < 0.4:
        shown = shown * np.float32(np.exp(rng.normal(0, 0.2))) + np.float32(rng.normal(0, 0.05))
    if rng.random() < 0.4:
        grain, strength = float(rng.choice([0.0, rng.uniform(0.4, 1.2)])), log_uniform(rng, 0.01, 0.12)
        noise = blur(rng.standard_normal(shown.shape, dtype=np.float32), [grain] * 3)
        shown = shown + np.float32(strength * (1 + 2 * grain)) * noise
    return np.asarray(np.clip(shown, LEAST, 1) * is_inside, dtype=np.float32)


def _with_coarse_planes(cube: Float32s, step: int) -> Float32s:
    """Every ``step``-th plane, and those between them interpolated."""
    place = np.arange(len(cube)) / step
    low = np.floor(place).astype(np.int64)
    kept = cube[::step]
    high = np.minimum(low + 1, len(kept) - 1)
    share = (place - low).astype(np.float32)[:, None, None]
    return np.asarray(kept[low] * (1 - share) + kept[high] * share, dtype=np.float32)
