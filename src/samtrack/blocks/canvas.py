"""One frame that is painted and read piece by piece, wherever its voxels lie."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samtrack.blocks.slabs import layer_planes, plan_slabs
from samtrack.types import Box

Reader = Callable[[Box], npt.NDArray[Any]]
"""The voxels of a box of one frame."""


class Store(Protocol):
    """An array in memory or on disk that is read and written by slices."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Voxels along each axis."""
        ...

    def __getitem__(self, index: Any, /) -> Any:
        """The voxels at an index."""
        ...

    def __setitem__(self, index: Any, value: Any, /) -> None:
        """Put voxels."""
        ...


class Canvas:
    """The labels of one frame, to be read and written box by box."""

    def __init__(self, voxels: Store) -> None:
        self._voxels = voxels

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of the frame, (z)yx."""
        return tuple(self._voxels.shape)

    def read(self, box: Box) -> npt.NDArray[Any]:
        """The labels in a box, as a copy."""
        return np.array(self._voxels[box.slices])

    def write(self, box: Box, labels: npt.NDArray[Any]) -> None:
        """Put the labels of a box."""
        self._voxels[box.slices] = labels


class ByLayer:
    """A reader for boxes in scan order: the layer of planes that was read last serves those that lie in it.

    Planes are stored in layers, and a layer is decoded whole; slabs are often thinner. Nobody may change what is read.
    """

    def __init__(self, read: Reader, shape: tuple[int, ...]) -> None:
        self._read = read
        self._shape = shape
        self._planes = layer_planes(shape)
        self._at = -1
        self._layer: npt.NDArray[Any] | None = None

    def __call__(self, box: Box) -> npt.NDArray[Any]:
        """The voxels of a box."""
        at = box.start[0] // self._planes
        start, stop = at * self._planes, min((at + 1) * self._planes, self._shape[0])
        if self._planes == 1 or box.stop[0] > stop:
            return self._read(box)
        if at != self._at or self._layer is None:
            self._layer = None  # else it would live on while the next one is read
            self._layer = self._read(Box((start, *(0 for _ in box.start[1:])), (stop, *self._shape[1:])))
            self._at = at
        return self._layer[(slice(box.start[0] - start, box.stop[0] - start), *box.slices[1:])]


def assembled(box: Box, read: Reader, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """The content of a box, gathered slab by slab, so that what ``read`` needs beside it stays small."""
    parts = plan_slabs(box)
    if len(parts) == 1:
        return read(box)
    whole = np.empty(box.shape, dtype=dtype)
    for part in parts:
        inside = tuple(slice(a - c, b - c) for a, b, c in zip(part.start, part.stop, box.start, strict=True))
        whole[inside] = read(part)
    return whole
