"""Images that two of the room's measurements look at, one after the other, read from disk once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.blocks import is_small
from samtrack.types import Box, Frames, Scale

KEPT = 2
"""Frames kept: those of the pair that is being linked."""


class RecentFrames:
    """The frames of a movie; the last `KEPT` small ones that were read stay in memory. Nobody may change what is read."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames
        self._held: dict[int, npt.NDArray[Any]] = {}

    @property
    def n_frames(self) -> int:
        """Number of frames."""
        return self._frames.n_frames

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame, (z)yx."""
        return self._frames.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a voxel."""
        return self._frames.dtype

    @property
    def scale(self) -> Scale:
        """Physical scale."""
        return self._frames.scale

    def read(self, frame: int, box: Box | None = None) -> npt.NDArray[Any]:
        """The voxels of one frame, whole or inside a box, read-only; of a large frame boxes are read and not kept."""
        if box is not None and not is_small(self.shape):
            return self._frames.read(frame, box)
        if frame not in self._held:
            image = self._frames.read(frame)
            image.setflags(write=False)
            recent = list(self._held.items())[1 - KEPT :]
            self._held = {**dict(recent), frame: image}
        return self._held[frame] if box is None else self._held[frame][box.slices]
