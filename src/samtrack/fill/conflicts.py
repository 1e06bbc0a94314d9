"""Who owns a voxel that several masks of one frame want: the deepest one, then the lower track."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from samtrack.types import Box

Ints = npt.NDArray[np.int64]


def voxels_of(box: Box, mask: npt.NDArray[np.bool_], shape: tuple[int, ...]) -> Ints:
    """Flat numbers, in a frame of ``shape``, of the voxels of a mask that fills ``box``, in the mask's own order."""
    inside = np.nonzero(mask)
    return np.ravel_multi_index(tuple(i + a for i, a in zip(inside, box.start, strict=True)), shape).astype(np.int64)


def settle_voxels(
    voxels: Sequence[Ints], depths: Sequence[npt.NDArray[np.float32]], tracks: Sequence[int]
) -> list[npt.NDArray[np.bool_]]:
    """For each mask, which of its voxels it owns. One list entry per mask: voxels (flat numbers), depths, track."""
    sizes = [len(v) for v in voxels]
    voxel, depth = np.concatenate(voxels), np.concatenate(depths)
    track = np.repeat(np.asarray(tracks, dtype=np.int64), sizes)
    order = np.lexsort((track, -depth, voxel))
    wins = np.zeros(len(voxel), dtype=bool)
    wins[order[np.diff(voxel[order], prepend=-1) != 0]] = True
    return np.split(wins, np.cumsum(sizes)[:-1])
