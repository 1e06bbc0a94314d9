"""What OME-Zarr says of single labels: a colour each, and which track came from which."""

from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
import numpy.typing as npt

MAX_LISTED = 2000
"""Tracks up to which labels are described one by one. The list is read whenever the store is opened, 0.6 MB for so many;
without it viewers choose colours themselves."""

GOLDEN = (5**0.5 - 1) / 2
"""Step from hue to hue, as a part of the circle: numbers near each other get hues far from each other."""

SATURATION = (0.6, 0.95)
BRIGHTNESS = (1.0, 0.8)
"""Of labels in turns, so that hues that come near each other again differ otherwise."""

OPAQUE = 255


def label_metadata(parent: npt.NDArray[np.int64], lineage: npt.NDArray[np.int64]) -> dict[str, Any]:
    """The parts ``colors`` and ``properties`` of ``image-label`` for the tracks 1..n; nothing for more than are listed."""
    if len(parent) > MAX_LISTED:
        return {}
    described = zip(parent.tolist(), lineage.tolist(), strict=True)
    return {
        "colors": [{"label-value": track, "rgba": colour_of(track)} for track in range(1, len(parent) + 1)],
        "properties": [
            {"label-value": i + 1, "parent": mother, "lineage": root} for i, (mother, root) in enumerate(described)
        ],
    }


def colour_of(track: int) -> list[int]:
    """Red, green, blue and opacity of a track, 0 to 255."""
    turn = track // 2
    rgb = colorsys.hsv_to_rgb(track * GOLDEN % 1.0, SATURATION[turn % 2], BRIGHTNESS[track % 2])
    return [*(round(255 * value) for value in rgb), OPAQUE]
