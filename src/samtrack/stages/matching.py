"""Mask files matched with a truth: whole where they are small, slab by slab where they are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.blocks import Reader, is_small, plan_slabs, whole_box
from samtrack.errors import DataError
from samtrack.evaluate import FrameMatch, match_parts
from samtrack.io.ctc import MaskFile, open_mask
from samtrack.types import Box

Pair = tuple[npt.NDArray[Any], npt.NDArray[Any]]


def match_truth(truth: Path, read: Reader, shape: tuple[int, ...], where: Path) -> FrameMatch:
    """A truth file against labels of ``shape`` that are read by box; ``where`` is what messages call these."""
    with open_mask(truth) as image:
        if image.shape != shape:
            raise DataError(
                f"{where}: has shape {shape}, the truth {truth} has {image.shape}. "
                "Are they of the same sequence, and the axes in order (z)yx?"
            )
        boxes = [whole_box(shape)] if is_small(shape) else plan_slabs(whole_box(shape))

        def parts() -> Iterator[Pair]:
            return ((image.read(box), read(box)) for box in boxes)

        try:
            return match_parts(parts)
        except ValueError as error:
            raise DataError(f"{where} or {truth}: {error}. Both must be label images.") from error


def match_file(truth: MaskFile, mask: Path, read: Reader, shape: tuple[int, ...]) -> FrameMatch:
    """One image of the truth against the mask of its frame, or against the slice of it that the truth shows."""
    if truth.z is None:
        return match_truth(truth.path, read, shape, mask)
    if len(shape) != 3 or truth.z >= shape[0]:
        raise DataError(
            f"{truth.path}: is slice {truth.z} of a frame, but {mask} has shape {shape}. Are they of the same sequence?"
        )
    z = truth.z
    return match_truth(
        truth.path, lambda box: np.squeeze(read(Box((z, *box.start), (z + 1, *box.stop))), axis=0), shape[1:], mask
    )
