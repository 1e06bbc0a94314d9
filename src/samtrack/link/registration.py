"""How far the whole image shifts from one frame to the next, read from the pixels.

Phase correlation of two thumbnails: the peak of the normalised cross spectrum is the shift that most of the image agrees on.
It is one more guess for `estimate_motion`, which keeps it only if the cells match better with it, so that a background that
stays behind while the cells move can do no harm.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import fft

from samtrack.blocks import is_small, plan_boxes, slabs, whole_box
from samtrack.types import Box, Frames

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

PIXELS_PER_RADIUS = 2.0
"""Resolution of a thumbnail: cells must stay visible, no more."""

MOST_PIXELS = 2**18
"""Pixels of a thumbnail at most, so that one transform takes milliseconds."""


class Registration:
    """Thumbnails of the frames, made once per frame and forgotten."""

    def __init__(self, images: Frames, radius_um: float) -> None:
        self._images = images
        shape = np.asarray(images.shape, dtype=np.float64)
        wanted = radius_um / PIXELS_PER_RADIUS / images.scale.voxel_um
        while np.prod(np.ceil(shape / np.maximum(wanted, 1))) > MOST_PIXELS:
            wanted = wanted * 1.25
        self._bin = np.minimum(np.maximum(np.floor(wanted), 1), np.maximum(shape, 1)).astype(np.int64)
        self._held: dict[int, npt.NDArray[np.complex128]] = {}

    def forget_before(self, frame: int) -> None:
        """Let go of the frames before ``frame``."""
        self._held = {f: a for f, a in self._held.items() if f >= frame}

    def shift_um(self, source: int, target: int) -> Floats:
        """The shift of the image's content from one frame to another, (ndim,) in micrometres."""
        here, there = self._spectrum(source), self._spectrum(target)
        cross = there * np.conj(here)
        size = np.abs(cross)
        shape = self._thumbnail_shape()
        score = fft.irfftn(np.where(size > 0, cross / np.where(size > 0, size, 1), 0), s=shape)
        peak = np.array(np.unravel_index(int(np.argmax(np.round(score, 9))), shape))
        peak = np.where(peak > np.asarray(shape) // 2, peak - np.asarray(shape), peak)
        return np.asarray(peak * self._bin * self._images.scale.voxel_um, dtype=np.float64)

    def _thumbnail_shape(self) -> tuple[int, ...]:
        return tuple(int(n // b) for n, b in zip(self._images.shape, self._bin, strict=True))

    def _spectrum(self, frame: int) -> npt.NDArray[np.complex128]:
        if frame not in self._held:
            self._held[frame] = fft.rfftn(_windowed(self._thumbnail(frame)))
        return self._held[frame]

    def _thumbnail(self, frame: int) -> Floats:
        """Means over boxes of voxels, from runs of whole boxes; what is left over at the far ends is dropped."""
        shape = self._thumbnail_shape()
        if is_small(self._images.shape):
            return _binned(np.asarray(self._images.read(frame)), self._bin)
        thumbnail = np.empty(shape)
        for part in plan_boxes(whole_box(shape), max(slabs.SLAB_VOXELS // int(np.prod(self._bin)), 1)):
            box = Box(tuple(part.start * self._bin), tuple(part.stop * self._bin))
            thumbnail[part.slices] = _binned(self._images.read(frame, box), self._bin)
        return thumbnail


def _binned(image: npt.NDArray[np.generic], by: Ints) -> Floats:
    """Means over boxes of ``by`` voxels; what is left over at the far ends is dropped."""
    cut = tuple(slice(0, n // b * b) for n, b in zip(image.shape, by, strict=True))
    parts = [k for n, b in zip(image.shape, by, strict=True) for k in (n // b, b)]
    boxes = image[cut].reshape(parts)
    return np.asarray(boxes.mean(axis=tuple(range(1, 2 * image.ndim, 2)), dtype=np.float64))


def _windowed(image: Floats) -> Floats:
    """The image around its mean, faded out towards its borders, which would otherwise correlate with each other."""
    faded = image - image.mean()
    for axis, n in enumerate(image.shape):
        window = np.hanning(n + 2)[1:-1] if n > 4 else np.ones(n)
        faded = faded * window.reshape([-1 if i == axis else 1 for i in range(image.ndim)])
    return faded
