"""Objects in several pieces, found in a frame that comes part by part.

A part is a run of whole planes (2D: of lines), or of lines of one plane where a plane is too large; of what came before
only the last plane is kept.
"""

from __future__ import annotations

from itertools import product
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from skimage.measure import label as pieces_of

from samtrack.types import Box

Ints = npt.NDArray[np.int64]
Labels = npt.NDArray[Any]


class Pieces:
    """Takes in the parts of a frame in scan order; voxels that share a corner touch."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._owner = [np.zeros(1, dtype=np.int64)]  # piece 0 is background
        self._joined = [np.zeros((2, 0), dtype=np.int64)]
        self._n = 1
        self._waiting: list[Labels] = []
        self._above: tuple[Labels, Ints] | None = None

    def add(self, box: Box, part: Labels) -> None:
        """Take in the next part."""
        if box.shape[1:] == self._shape[1:]:
            self._add_planes(part)
            return
        self._waiting.append(part)  # lines of a plane: whole it is what the next plane must be held against anyway
        if box.stop[1:] == self._shape[1:]:
            plane = np.concatenate(self._waiting, axis=1)
            self._waiting = []
            self._add_planes(plane)

    def broken(self) -> Ints:
        """Labels whose voxels are in more than one piece, rising."""
        owner = np.concatenate(self._owner)
        a, b = np.concatenate(self._joined, axis=1)
        graph = sparse.coo_array((np.ones(len(a), dtype=np.bool_), (a, b)), shape=(self._n, self._n))
        _, component = connected_components(graph, directed=False)
        first = np.unique(component[1:], return_index=True)[1] + 1  # one piece of each component
        label, count = np.unique(owner[first], return_counts=True)
        return np.asarray(label[count > 1], dtype=np.int64)

    def _add_planes(self, planes: Labels) -> None:
        found = cast("Ints", pieces_of(planes, connectivity=planes.ndim))  # type: ignore[no-untyped-call]
        n = int(found.max(initial=0))
        owner = np.zeros(n + 1, dtype=np.int64)
        owner[found.reshape(-1)] = planes.reshape(-1)  # all voxels of a piece have one label
        self._owner.append(owner[1:])
        found = np.where(found > 0, found + (self._n - 1), 0)
        self._n += n
        if self._above is not None:
            self._joined += _touching(self._above, (planes[0], found[0]))
        self._above = planes[-1].copy(), found[-1].copy()


def _touching(above: tuple[Labels, Ints], below: tuple[Labels, Ints]) -> list[Ints]:
    """Pairs of pieces of one label that touch across two planes, as arrays of two rows."""
    pairs = []
    for step in product((-1, 0, 1), repeat=above[0].ndim):
        here = tuple(slice(max(s, 0), n + min(s, 0)) for s, n in zip(step, above[0].shape, strict=True))
        there = tuple(slice(max(-s, 0), n + min(-s, 0)) for s, n in zip(step, above[0].shape, strict=True))
        same = (above[0][here] == below[0][there]) & (above[1][here] > 0)
        pair = np.stack([above[1][here][same], below[1][there][same]])
        pairs.append(np.unique(pair, axis=1) if pair.shape[1] else pair)
    return pairs
