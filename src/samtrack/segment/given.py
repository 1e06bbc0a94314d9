"""Labels that the user gives: checked and passed on, ids unchanged."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError
from samtrack.segment.base import Labels
from samtrack.types import Box, Frames

LARGEST_LABEL = 2**32 - 1
"""Labels are uint32 everywhere."""


def require_labels(image: npt.NDArray[Any], where: str) -> Labels:
    """The label image as uint32, values unchanged; DataError if it is none (fractions, negative, too large)."""
    if image.dtype == np.bool_ or np.issubdtype(image.dtype, np.integer):
        labels = image
    elif np.issubdtype(image.dtype, np.floating):
        labels = _whole_numbers(image, where)
    else:
        raise DataError(f"{where}: masks are of type {image.dtype}, expected integers. Save them as uint16 or uint32.")
    if labels.size:
        low, high = int(labels.min()), int(labels.max())
        if low < 0:
            raise DataError(f"{where}: masks hold {low}, expected labels >= 0. Give unlabelled voxels the value 0.")
        if high > LARGEST_LABEL:
            raise DataError(f"{where}: masks hold {high}, the largest label is {LARGEST_LABEL}. Renumber the labels.")
    return labels.astype(np.uint32)


def _whole_numbers(image: npt.NDArray[Any], where: str) -> npt.NDArray[np.int64]:
    """Floats that are whole numbers, as some programs save labels."""
    bad = ~np.isfinite(image) | (image != np.floor(image)) | (np.abs(image) > 2 * LARGEST_LABEL)
    if bad.any():
        raise DataError(
            f"{where}: masks hold {image[bad][0]}, expected whole numbers (0 background, one value per cell). "
            "Are these images or probabilities instead of masks?"
        )
    return image.astype(np.int64)


@dataclass(frozen=True, slots=True)
class GivenSegmenter:
    """Passes labels through, voxel by voxel: of a frame or of any part of it."""

    @property
    def tiling(self) -> None:
        """Whole frames, values kept."""
        return

    def frame_facts(self, images: Frames, frame: int) -> str:
        """The frame's name for messages."""
        return f"frame {frame}"

    def segment(self, image: npt.NDArray[Any], box: Box, facts: str) -> Labels:
        """The labels as uint32."""
        return require_labels(image, facts)
