"""One mask in a frame, cut to its box: what proposers and fillers hand over instead of whole label images."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

from samtrack.types.geometry import Box


class Origin(IntEnum):
    """Who proposed a link or a mask; the numbers are what tables hold and never change."""

    GIVEN = 0
    SEEDS = 1
    FLOWS = 2
    BOXES = 3
    PROMPT3D = 4
    SAM2 = 5
    MOTION = 6
    EMBEDDING = 7
    FILLED = 8
    SPLIT = 9
    PINNED = 10


@dataclass(frozen=True, slots=True)
class MaskPatch:
    """A mask of ``track`` in ``frame``: booleans of the size of ``box`` and, where known, how deep each voxel lies.

    ``depth`` (float32, same shape) decides when two patches want one voxel: the larger value wins.
    """

    frame: int
    track: int
    box: Box
    mask: npt.NDArray[np.bool_]
    depth: npt.NDArray[np.float32]
    score: float
    origin: Origin

    def __post_init__(self) -> None:
        if self.mask.shape != self.box.shape or self.depth.shape != self.box.shape:
            raise ValueError(f"mask {self.mask.shape} and depth {self.depth.shape} must fill the box {self.box.shape}")
        if self.mask.dtype != np.bool_:
            raise ValueError(f"a mask is boolean, found {self.mask.dtype}")
        if not 0.0 <= self.score <= 1.0:
            raise ValueError(f"a score lies between 0 and 1, found {self.score}")
        self.mask.flags.writeable = False
        self.depth.flags.writeable = False
