"""From recorded frames to what a network sees: grey values from 0 to 1, at the network's scale.

The same functions prepare what a model learns from and what it works on, so that both look alike to it.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.blocks import is_small, plan_slabs, whole_box
from samtrack.types import Box, Frames

Float32s = npt.NDArray[np.float32]

DARK_PERCENT, BRIGHT_PERCENT = 1.0, 99.8
"""Percentiles of a frame that become 0 and 1: above the camera's darkest outliers, below all but the brightest specks."""

MOST_SAMPLED = 2**16
"""Most voxels from which the percentiles are taken: enough to know them to a few thousandths of their ranks."""


def normalised(image: npt.NDArray[Any]) -> Float32s:
    """A whole frame, (z)yx, from 0 to 1 and clipped; a frame of one grey value becomes 0."""
    return _scaled(image, _range_of(regular_sample(image)))


def regular_sample(image: npt.NDArray[Any], most: int = MOST_SAMPLED) -> npt.NDArray[Any]:
    """At most ``most`` voxels on a regular grid: a view with a step along every axis, the longest thinned out first."""
    return image[tuple(slice(None, None, s) for s in _sample_step(image.shape, most))]


def _sample_step(shape: tuple[int, ...], most: int) -> list[int]:
    step = [1] * len(shape)
    kept = list(shape)
    while int(np.prod(kept)) > most:
        axis = int(np.argmax(kept))
        step[axis] += 1
        kept[axis] = -(-shape[axis] // step[axis])
    return step


def _range_of(sample: npt.NDArray[Any]) -> tuple[float, float]:
    low, high = np.percentile(sample, [DARK_PERCENT, BRIGHT_PERCENT])
    return low, high


def _scaled(image: npt.NDArray[Any], grey: tuple[float, float]) -> Float32s:
    low, high = grey
    if not high > low:
        return np.zeros(image.shape, dtype=np.float32)
    scaled = (image.astype(np.float32) - np.float32(low)) * np.float32(1 / (high - low))
    return np.clip(scaled, 0, 1, out=scaled)


class GreyFrames:
    """Frames from 0 to 1 as `normalised` gives them, read by box; small ones are kept whole, ``kept`` of them."""

    def __init__(self, images: Frames, kept: int) -> None:
        self._images = images
        self._kept = kept
        self._held: OrderedDict[int, Float32s] = OrderedDict()
        self._ranges: dict[int, tuple[float, float]] = {}

    def read(self, frame: int, box: Box) -> Float32s:
        """A box of a frame."""
        if not is_small(self._images.shape):
            if frame not in self._ranges:
                self._ranges[frame] = _range_of(self._sample(frame))
            return _scaled(self._images.read(frame, box), self._ranges[frame])
        if frame not in self._held:
            self._held[frame] = normalised(self._images.read(frame))
        self._held.move_to_end(frame)
        while len(self._held) > self._kept:
            self._held.popitem(last=False)
        return self._held[frame][box.slices]

    def forget_before(self, frame: int) -> None:
        """Let go of the frames before ``frame``."""
        self._held = OrderedDict((f, image) for f, image in self._held.items() if f >= frame)

    def _sample(self, frame: int) -> npt.NDArray[Any]:
        """The regular sample of a frame that is read slab by slab."""
        shape = self._images.shape
        step = _sample_step(shape, MOST_SAMPLED)
        parts = []
        for box in plan_slabs(whole_box(shape)):
            first = [-a % s for a, s in zip(box.start, step, strict=True)]
            grid = tuple(slice(f, None, s) for f, s in zip(first, step, strict=True))
            parts.append(self._images.read(frame, box)[grid].ravel())
        return np.concatenate(parts)


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
