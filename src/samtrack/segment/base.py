"""The contract of a segmenter: one frame, or one tile of it, in; labels out; nothing remembered between frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from samtrack.types import Box, Frames

Labels = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True)
class Tiling:
    """How a segmenter wants frames cut. All in voxels, (z)yx.

    ``halo``: an object is right in a tile if it lies nowhere farther than this outside of the core that holds its
    centroid, so that tiles of any size agree. ``align``: read boxes start at multiples of this. ``side``: largest
    core. ``bytes_per_voxel``: memory that one voxel of a tile (halo included) takes at the peak.
    """

    halo: tuple[int, ...]
    align: tuple[int, ...]
    side: tuple[int, ...]
    bytes_per_voxel: int


class Segmenter(Protocol):
    """Finds the objects of one frame. It knows its own settings and the scale, and is the same for every frame."""

    @property
    def tiling(self) -> Tiling | None:
        """How large frames are cut; None: always the whole frame, and its label values are kept."""
        ...

    def frame_facts(self, images: Frames, frame: int) -> Any:
        """What must be known of the whole frame before a tile of it can be segmented; handed to `segment`."""
        ...

    def segment(self, image: npt.NDArray[Any], box: Box, facts: Any) -> Labels:
        """Labels of the voxels in ``box``, of which ``image`` is the content, (z)yx; 0 is background."""
        ...
