"""Voxels of a label image by cell: which labels there are, and the runs of planes over which sums are taken.

Nothing here knows what is measured. A run is of whole planes (3D) or lines (2D), and of a fixed size, since sums of
fractions depend on where they are broken off. What is read at once is less, and no matter (`samtrack.blocks.slabs`).
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from samtrack.blocks import Reader, plan_slabs, whole_box
from samtrack.errors import DataError
from samtrack.types import Box

Ints = npt.NDArray[np.int64]
RUN_VOXELS = 2**22
"""Voxels of one run: each is summed by itself, then the runs' sums are added. A change would move last bits."""

TABLE_LABELS = 2**24
"""Largest label for which labels are found by marking them in a table (16 MiB); sparse larger ones are sorted."""


def require_labels(labels: npt.NDArray[np.integer], ndim: int) -> None:
    """Raise unless the array can be a label image of ``ndim`` axes."""
    if labels.ndim != ndim:
        raise DataError(f"label image has {labels.ndim} axes, expected {ndim} as in the scale. Check um_per_voxel.")
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"label image holds {labels.dtype}, expected whole numbers. Save the masks as integers.")


def runs(shape: tuple[int, ...]) -> list[Box]:
    """The runs of a frame, in scan order, each of at most about `RUN_VOXELS` voxels."""
    per_plane = max(int(np.prod(shape[1:], dtype=np.int64)), 1)
    step = max(RUN_VOXELS // per_plane, 1)
    edges = [*range(0, shape[0], step), shape[0]]
    return [Box((a, *(0 for _ in shape[1:])), (b, *shape[1:])) for a, b in pairwise(edges)]


def labels_in(read: Reader, shape: tuple[int, ...]) -> Ints:
    """The labels that occur in a frame, sorted, without 0."""
    is_present = np.zeros(1, dtype=np.bool_)
    large = [np.zeros(0, dtype=np.int64)]
    for box in plan_slabs(whole_box(shape)):
        labels = read(box).reshape(-1)
        if (least := int(labels.min())) < 0:
            raise DataError(f"label image holds {least}, expected 0 or more. Negative labels mean nothing.")
        largest = int(labels.max())
        if largest > TABLE_LABELS:
            found = np.unique(labels)
            large.append(found[found > 0].astype(np.int64))
            continue
        if largest >= len(is_present):
            is_present = np.pad(is_present, (0, largest + 1 - len(is_present)))
        is_present[labels] = True
    is_present[0] = False
    return np.unique(np.concatenate([np.flatnonzero(is_present), *large]))
