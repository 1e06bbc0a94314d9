"""The one place that puts masks into a label image, without harming what is there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.errors import DataError
from samtrack.fill.conflicts import settle_voxels, voxels_of
from samtrack.types import Box, MaskPatch


def cropped(patch: MaskPatch, box: Box) -> MaskPatch | None:
    """The part of a patch in a box of its frame, counted from the box's corner; None if it has no voxel there."""
    start = tuple(max(a, b) for a, b in zip(patch.box.start, box.start, strict=True))
    stop = tuple(min(a, b) for a, b in zip(patch.box.stop, box.stop, strict=True))
    if any(a >= b for a, b in zip(start, stop, strict=True)):
        return None
    inside = tuple(slice(a - c, b - c) for a, b, c in zip(start, stop, patch.box.start, strict=True))
    local = Box(
        tuple(a - c for a, c in zip(start, box.start, strict=True)),
        tuple(b - c for b, c in zip(stop, box.start, strict=True)),
    )
    mask = patch.mask[inside]
    return replace(patch, box=local, mask=mask.copy(), depth=patch.depth[inside].copy()) if mask.any() else None


def paste_patches(labels: npt.NDArray[Any], patches: Sequence[MaskPatch]) -> npt.NDArray[Any]:
    """A copy of one frame's labels with the patches' tracks written onto its background (0), and nowhere else.

    Where two patches want a voxel, the deeper one has it, then the lower track: the order of ``patches`` is no matter.
    """
    pasted = labels.copy()
    if not patches:
        return pasted
    frames = sorted({patch.frame for patch in patches})
    if len(frames) > 1:
        raise ValueError(f"patches of frames {frames} cannot be pasted into one frame")
    highest = max(patch.track for patch in patches)
    if highest > np.iinfo(labels.dtype).max:
        raise DataError(
            f"frame {frames[0]}: track {highest} does not fit labels of type {labels.dtype}, which end at "
            f"{np.iinfo(labels.dtype).max}. Convert the labels to a wider type first."
        )
    voxels = [voxels_of(patch.box, patch.mask, labels.shape) for patch in patches]
    owned = settle_voxels(voxels, [p.depth[p.mask] for p in patches], [p.track for p in patches])
    flat = pasted.reshape(-1)
    for patch, voxel, own in zip(patches, voxels, owned, strict=True):
        mine = voxel[own]
        flat[mine[flat[mine] == 0]] = patch.track
    return pasted
