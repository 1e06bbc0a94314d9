"""Voxels of a label image by cell: which labels there are, and large frames walked slab by slab.

Nothing here knows what is measured. A slab is a run of whole planes (3D) or lines (2D), so that a frame of any size needs
only a bounded amount of memory beside itself, and sums are taken in raster order whatever the labels are.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError

Ints = npt.NDArray[np.int64]

# Voxels per slab: 2^22 voxels need about 250 MB of work arrays, well below the memory of a job.
SLAB_VOXELS = 2**22
# Largest label for which labels are found by marking them in a table (16 MiB); sparse larger ones are sorted.
TABLE_LABELS = 2**24


def require_labels(labels: npt.NDArray[np.integer], ndim: int) -> None:
    """Raise unless the array can be a label image of ``ndim`` axes."""
    if labels.ndim != ndim:
        raise DataError(f"label image has {labels.ndim} axes, expected {ndim} as in the scale. Check um_per_voxel.")
    if not np.issubdtype(labels.dtype, np.integer):
        raise DataError(f"label image holds {labels.dtype}, expected whole numbers. Save the masks as integers.")


def slabs(shape: tuple[int, ...]) -> Iterator[slice]:
    """Runs of indices along the first axis that tile a frame, each of at most about `SLAB_VOXELS` voxels."""
    per_plane = max(int(np.prod(shape[1:], dtype=np.int64)), 1)
    step = max(SLAB_VOXELS // per_plane, 1)
    for start in range(0, shape[0], step):
        yield slice(start, min(start + step, shape[0]))


def labels_in(labels: npt.NDArray[np.integer]) -> Ints:
    """The labels that occur in a frame, sorted, without 0."""
    if labels.size == 0:
        return np.zeros(0, dtype=np.int64)
    largest = int(labels.max())
    if int(labels.min()) < 0:
        raise DataError(f"label image holds {int(labels.min())}, expected 0 or more. Negative labels mean nothing.")
    if largest <= TABLE_LABELS:
        is_present = np.zeros(largest + 1, dtype=bool)
        for slab in slabs(labels.shape):
            is_present[labels[slab].reshape(-1)] = True
        is_present[0] = False
        return np.flatnonzero(is_present)
    found = [np.unique(labels[slab][labels[slab] > 0]) for slab in slabs(labels.shape)]
    return np.unique(np.concatenate(found)).astype(np.int64)
