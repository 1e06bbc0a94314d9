"""Points in label images: the centroid of each label, counted slab by slab, so that no whole frame is held."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

import numpy as np
import numpy.typing as npt

from samtrack.io.movies import MovieFrames
from samtrack.types import Box

SLAB_VOXELS = 2**23
"""Voxels looked at at once: some 300 MB with all that is counted of them, if all of them are of cells."""

Sums = npt.NDArray[np.int64]


def centroids(frames: MovieFrames, frame: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """The labels of a frame, rising, and the mean position of each in voxels, (n, ndim)."""
    label, total = np.zeros(0, dtype=np.int64), np.zeros((0, len(frames.shape) + 1), dtype=np.int64)
    with closing(frames.read_parts(frame, slabs(frames.shape))) as parts:
        for slab, voxels in zip(slabs(frames.shape), parts, strict=True):
            found, sums = _sums(voxels, slab.start[0])
            label, total = _added(np.concatenate([label, found]), np.concatenate([total, sums]))
    return label, total[:, 1:] / total[:, :1]


def slabs(shape: tuple[int, ...]) -> Iterator[Box]:
    """A frame cut across its first axis."""
    thick = max(1, SLAB_VOXELS // int(np.prod(shape[1:])))
    for first in range(0, shape[0], thick):
        yield Box((first, *(0 for _ in shape[1:])), (min(first + thick, shape[0]), *shape[1:]))


def _sums(voxels: npt.NDArray[np.unsignedinteger], first: int) -> tuple[Sums, Sums]:
    """The labels of a slab, and of each the number of its voxels and the sums of their coordinates; exact."""
    where = np.nonzero(voxels)
    found, row = np.unique(voxels[where], return_inverse=True)
    columns = [np.ones(len(row)), where[0] + first, *where[1:]]
    sums = np.stack([np.bincount(row, weights=c, minlength=len(found)) for c in columns], axis=1)
    return found.astype(np.int64), np.rint(sums).astype(np.int64)


def _added(label: Sums, sums: Sums) -> tuple[Sums, Sums]:
    """Rows of equal labels as one."""
    found, row = np.unique(label, return_inverse=True)
    total = np.zeros((len(found), sums.shape[1]), dtype=np.int64)
    np.add.at(total, row, sums)
    return found, total
