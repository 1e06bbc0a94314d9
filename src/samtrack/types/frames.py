"""A movie as seen by the algorithms: frames that are read one at a time, from wherever they lie."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from samtrack.types.geometry import Box, Scale


@runtime_checkable
class Frames(Protocol):
    """Images or labels of a movie, lazily; a TIFF folder, an OME-Zarr or an array may lie behind it."""

    @property
    def n_frames(self) -> int:
        """Number of frames; valid frames are 0 to n_frames - 1 (a view of blocks may hold fewer of them)."""
        ...

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        ...

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        ...

    @property
    def scale(self) -> Scale:
        """Physical size of a voxel and of a frame interval."""
        ...

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """The voxels of one frame, (z)yx, whole or inside a box; a new array that the caller may change."""
        ...


class ArrayFrames:
    """Frames that lie in memory: one array per frame. For tests, simulation and small movies."""

    def __init__(self, frames: Sequence[npt.NDArray[Any]], scale: Scale) -> None:
        if not frames:
            raise ValueError("a movie needs at least one frame")
        if len({(f.shape, f.dtype) for f in frames}) != 1 or frames[0].ndim != scale.ndim:
            raise ValueError("frames must share one shape and dtype, with as many axes as the scale")
        self._frames = frames
        self._scale = scale

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return len(self._frames)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self._frames[0].shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        return self._frames[0].dtype

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return self._scale

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """The voxels of one frame, whole or inside a box, as a copy."""
        if not 0 <= frame < len(self._frames):
            raise IndexError(f"frame {frame} of a movie of {len(self._frames)} frames")
        return np.array(self._frames[frame] if box is None else self._frames[frame][box.slices])
