"""Voxels of a label image by cell: sparse labels made dense, and large frames walked slab by slab.

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
# Largest label for which a look-up table is used (16 MiB as int32); sparse larger labels are found by bisection.
TABLE_LABELS = 2**22


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


def dense(values: npt.NDArray[np.integer], known: Ints) -> npt.NDArray[np.int32]:
    """1 + the place of each value in the sorted labels ``known``; 0 for background and for labels not known."""
    if len(known) == 0:
        return np.zeros(values.shape, dtype=np.int32)
    last = int(known[-1])
    if last <= TABLE_LABELS:
        table = np.zeros(last + 2, dtype=np.int32)
        table[known] = np.arange(1, len(known) + 1, dtype=np.int32)
        return table[np.minimum(values, values.dtype.type(last + 1)) if _may_exceed(values, last) else values]
    at = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[at] == values, at + 1, 0).astype(np.int32)


def _may_exceed(values: npt.NDArray[np.integer], last: int) -> bool:
    """Whether a value lies above ``last``; then ``last + 1`` fits the values' type."""
    return bool(values.size) and int(values.max()) > last
