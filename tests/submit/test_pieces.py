"""Objects in several pieces are found part by part as they are in the whole frame."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.measure import label

from samtrack.blocks import plan_slabs, whole_box
from samtrack.submit.pieces import Pieces


def broken_of(mask, most):
    pieces = Pieces(mask.shape)
    for box in plan_slabs(whole_box(mask.shape), most):
        pieces.add(box, mask[box.slices])
    return pieces.broken().tolist()


def broken_whole(mask):
    """By the definition, label by label."""
    values = np.unique(mask[mask > 0])
    return [int(v) for v in values if label(mask == v, connectivity=mask.ndim).max() > 1]


@pytest.mark.parametrize("shape", [(12, 11), (9, 10, 11)])
@pytest.mark.parametrize("seed", range(6))
def test_parts_of_any_size_find_what_the_whole_shows(shape, seed):
    rng = np.random.default_rng(seed)
    blobs = rng.integers(0, 7, size=tuple(-(-n // 3) for n in shape))  # blocks of 3 voxels, some labels in many places
    mask = blobs.repeat(3, axis=0).repeat(3, axis=1)
    mask = (mask.repeat(3, axis=2) if len(shape) == 3 else mask)[tuple(slice(n) for n in shape)].astype(np.uint16)
    mask[rng.random(shape) < 0.3] = 0
    expected = broken_whole(mask)
    inner = int(np.prod(shape[1:]))
    for most in (mask.size, 2 * inner, inner, shape[-1], 2 * shape[-1]):
        assert broken_of(mask, most) == expected, most
    assert expected


def test_voxels_that_share_a_corner_are_one_piece_across_parts():
    mask = np.zeros((4, 4, 4), dtype=np.uint16)
    mask[1, 1, 1] = mask[2, 2, 2] = 5
    mask[0, 0, 0] = mask[3, 3, 3] = 6
    assert broken_of(mask, 16) == [6]
    assert broken_of(np.zeros((3, 3), dtype=np.uint16), 3) == []
