"""From recorded frames to what a network sees: grey values from 0 to 1, at the network's scale.

The same functions prepare what a model learns from and what it works on, so that both look alike to it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

Float32s = npt.NDArray[np.float32]

DARK_PERCENT, BRIGHT_PERCENT = 1.0, 99.8
"""Percentiles of a frame that become 0 and 1: above the camera's darkest outliers, below all but the brightest specks."""

MOST_SAMPLED = 2**16
"""Most voxels from which the percentiles are taken: enough to know them to a few thousandths of their ranks."""


def normalised(image: npt.NDArray[Any]) -> Float32s:
    """A whole frame, (z)yx, from 0 to 1 and clipped; a frame of one grey value becomes 0."""
    low, high = np.percentile(regular_sample(image), [DARK_PERCENT, BRIGHT_PERCENT])
    if not high > low:
        return np.zeros(image.shape, dtype=np.float32)
    scaled = (image.astype(np.float32) - np.float32(low)) * np.float32(1 / (high - low))
    return np.clip(scaled, 0, 1, out=scaled)


def regular_sample(image: npt.NDArray[Any], most: int = MOST_SAMPLED) -> npt.NDArray[Any]:
    """At most ``most`` voxels on a regular grid: a view with a step along every axis, the longest thinned out first."""
    step = [1] * image.ndim
    kept = list(image.shape)
    while int(np.prod(kept)) > most:
        axis = int(np.argmax(kept))
        step[axis] += 1
        kept[axis] = -(-image.shape[axis] // step[axis])
    return image[tuple(slice(None, None, s) for s in step)]


def sample_places(n_out: int, zoom: float, start: float) -> npt.NDArray[np.float64]:
    """Input coordinates of ``n_out`` output voxels whose first begins at the edge ``start`` (0: edge of input voxel 0)."""
    return np.asarray(start + (np.arange(n_out) + 0.5) / zoom - 0.5, dtype=np.float64)


def sample_weights(n_in: int, places: npt.NDArray[np.float64], zoom: float) -> Float32s:
    """Weights (n_out, n_in) that resample one axis; rows of places outside of the input are 0.

    Linear between voxels where it enlarges, a wide triangle where it shrinks, so that nothing aliases.
    """
    reach = max(1.0, 1 / zoom)
    weights = np.clip(1 - np.abs(places[:, None] - np.arange(n_in)) / reach, 0, None)
    total = weights.sum(axis=1, keepdims=True)
    is_inside = (places >= -0.5) & (places <= n_in - 0.5)
    return np.asarray(np.where(is_inside[:, None], weights / np.maximum(total, 1e-9), 0), dtype=np.float32)
