"""One frame that is painted piece by piece, wherever its voxels lie."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samtrack.types import Box


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
