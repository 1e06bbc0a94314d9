"""Whether what a network drew can be the missing cell, and the interpolated shape as logits, so that it can be weighed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.ndimage import label as connected_parts

from samtrack.fill.carries import place_of
from samtrack.fill.gaps import Draft
from samtrack.types import Scale

Floats = npt.NDArray[np.float32]

MOST = 10.0
"""Logits are clipped to ± this before they are averaged: beyond, a network is certain, and how certain says nothing."""

RIM_SHARE = 0.15
"""Depth at which a voxel of the interpolated shape has a logit of 1, in radii of the cell: about how far
interpolated borders lie off."""

LEAST_SIZE, MOST_SIZE = 0.5, 2.0
"""An answer smaller than this share of the smaller observation, or larger than this many of the larger one, is no cell:
between two observations of one track sizes hardly differ by more."""

FARTHEST_RADII = 1.0
"""An answer whose centre lies farther than this from the interpolated place, in radii, is more likely a neighbour."""


def shape_logits(draft: Draft, scale: Scale) -> Floats:
    """The interpolated shape as logits, so that it can be weighed against what a network says."""
    radius_um = float(scale.radius_um(_size_px(draft) * scale.size_per_voxel))
    return np.clip(draft.depth / np.float32(RIM_SHARE * radius_um), -MOST, MOST).astype(np.float32)


def _size_px(draft: Draft) -> float:
    """Size of the cell between its observations, in voxels."""
    weight, sizes = draft.missing.weight, [np.count_nonzero(o.mask) for o in draft.around]
    return (1 - weight) * sizes[0] + weight * sizes[1]


def as_cell(logits: Floats, draft: Draft, scale: Scale) -> Floats | None:
    """The part of a mask nearest to the interpolated place, all else below 0; None where it is no cell."""
    parts, n = connected_parts(logits > 0)
    if n == 0:
        return None
    place = place_of(draft, scale) - draft.box.start
    voxels = np.argwhere(parts)
    away_um = np.linalg.norm((voxels - place) * scale.voxel_um, axis=1)
    own = parts == parts[tuple(voxels[np.argmin(away_um)])]
    sizes = sorted(int(np.count_nonzero(o.mask)) for o in draft.around)
    if not LEAST_SIZE * sizes[0] <= np.count_nonzero(own) <= MOST_SIZE * sizes[1]:
        return None
    off_um = np.linalg.norm((np.argwhere(own).mean(axis=0) - place) * scale.voxel_um)
    if off_um > FARTHEST_RADII * scale.radius_um(_size_px(draft) * scale.size_per_voxel):
        return None
    return np.where(own, logits, np.minimum(logits, 0))
