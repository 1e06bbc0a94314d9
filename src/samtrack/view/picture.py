"""Planes of a movie as pictures: grey values between two limits, with the tracks' outlines in their colours."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.view.colours import colour_of, palette

TINT = 0.25
"""Share of a track's colour inside its mask: the texture stays visible."""

DARKEST, BRIGHTEST = 0.5, 99.8
"""Percentiles of the grey values that become black and white."""


def limits_of(voxels: npt.NDArray[Any]) -> tuple[float, float]:
    """Grey values that become black and white."""
    low, high = np.percentile(voxels, (DARKEST, BRIGHTEST)) if voxels.size else (0.0, 1.0)
    return float(low), float(high) if high > low else float(low) + 1.0


def shown(plane: npt.NDArray[Any], limits: tuple[float, float]) -> npt.NDArray[np.uint8]:
    """A plane as grey bytes."""
    low, high = limits
    scaled = (plane.astype(np.float32) - low) / (high - low)
    return np.asarray(np.round(np.clip(scaled, 0, 1) * 255), dtype=np.uint8)


def overlaid(grey: npt.NDArray[np.uint8], labels: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """The plane in RGB with each track tinted and outlined in its colour; ``labels`` are tracks, 0 is none."""
    colour = palette()[colour_of(labels)]
    inside = labels > 0
    share = np.where(inside, TINT, 0.0)
    share[outline_of(labels)] = 1.0
    mixed = grey[..., None] * (1 - share[..., None]) + colour * share[..., None]
    return np.asarray(np.round(mixed), dtype=np.uint8)


def outline_of(labels: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """The pixels of masks that have another label beside them, above or below."""
    edge = np.zeros(labels.shape, dtype=np.bool_)
    for axis in (0, 1):
        one, other = (np.moveaxis(array, axis, 0) for array in (labels, edge))
        differs = one[1:] != one[:-1]
        other[1:] |= differs
        other[:-1] |= differs
    return edge & (labels > 0)
