"""Patterns: inside cells, where they move, turn and grow with the cell; and over the whole picture.

Every pattern is a sum of a few waves or spots with random places, so that it needs no stored picture and can be evaluated on
any voxels. Coordinates inside a cell are its own, from -1 to 1 along each half-axis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Float32s = npt.NDArray[np.float32]

PATTERN_WAVES = 14
"""Waves of one cell's texture: enough that no regular stripes are seen."""

PHASE_PER_FRAME = 0.12
"""Typical change of a wave's phase per frame, radians: texture stays known from frame to frame and changes over tens."""

BOX_FILTER_ABOVE = 6.0
"""Blurs wider than this many voxels are made of three box filters, whose cost does not grow with the width."""


def cell_waves(
    local: Sequence[Float32s], rng: np.random.Generator, frame: int, fineness: tuple[float, float]
) -> Float32s:
    """Smooth random pattern of mean 0 and standard deviation 1; ``fineness`` is a range of radians per half-axis."""
    ndim = len(local)
    directions = rng.standard_normal((PATTERN_WAVES, ndim))
    directions *= rng.uniform(*fineness, (PATTERN_WAVES, 1)) / np.linalg.norm(directions, axis=1, keepdims=True)
    phase = rng.uniform(0, 2 * np.pi, PATTERN_WAVES) + frame * rng.normal(0, PHASE_PER_FRAME, PATTERN_WAVES)
    pattern = np.zeros(local[0].shape, dtype=np.float32)
    for q, start in zip(directions.astype(np.float32), phase.astype(np.float32), strict=True):
        pattern += np.cos(sum((w * c for w, c in zip(q[1:], local[1:], strict=True)), q[0] * local[0] + start))
    return pattern * np.float32(np.sqrt(2 / PATTERN_WAVES))


def cell_spots(
    local: Sequence[Float32s], rng: np.random.Generator, n: int, radius: tuple[float, float], spread: float
) -> Float32s:
    """Sum of ``n`` round spots of height 1 within ``spread`` of the centre; ``radius`` is a range, in half-axes."""
    ndim = len(local)
    place = rng.standard_normal((n, ndim))
    place *= (spread * rng.random((n, 1)) ** (1 / ndim)) / np.maximum(
        np.linalg.norm(place, axis=1, keepdims=True), 1e-9
    )
    width = rng.uniform(*radius, n)
    spots = np.zeros(local[0].shape, dtype=np.float32)
    for centre, w in zip(place.astype(np.float32), width.astype(np.float32), strict=True):
        distance = sum(((c - p) ** 2 for c, p in zip(local[1:], centre[1:], strict=True)), (local[0] - centre[0]) ** 2)
        spots += np.exp(-distance / (2 * w**2))
    return spots


def blur(image: Float32s, sigma_px: Sequence[float]) -> Float32s:
    """Gaussian blur with one width per axis; wide ones by box filters of equal variance."""
    blurred = image
    for axis, sigma in enumerate(sigma_px):
        if sigma > BOX_FILTER_ABOVE:
            for size in _box_sizes(sigma):
                blurred = ndimage.uniform_filter1d(blurred, size, axis=axis, mode="nearest")
        elif sigma > 0:
            blurred = ndimage.gaussian_filter1d(blurred, sigma, axis=axis, mode="nearest")
    return blurred


def _box_sizes(sigma_px: float) -> list[int]:
    """Odd widths of three boxes whose variances, (w² - 1) / 12 each, add up to about that of a Gaussian."""
    narrow = int(np.sqrt(4 * sigma_px**2 + 1) - 1) // 2 * 2 + 1
    n_wide = round((12 * sigma_px**2 - 3 * (narrow**2 - 1)) / (4 * (narrow + 1)))
    return [narrow + 2 * (i < n_wide) for i in range(3)]


def smooth_noise(shape: tuple[int, ...], sigma_px: Sequence[float], rng: np.random.Generator) -> Float32s:
    """Random field of mean 0 and standard deviation 1 that varies over about ``sigma_px`` voxels."""
    field = blur(rng.standard_normal(shape, dtype=np.float32), sigma_px)
    spread = float(field.std())
    return (field - field.mean()) / np.float32(spread if spread > 0 else 1.0)
