"""Each voxel has one owner: the deepest, then the lower track."""

import numpy as np

from samtrack.fill.conflicts import settle_voxels, voxels_of
from samtrack.types import Box


def test_flat_numbers_of_a_mask():
    mask = np.array([[True, False], [True, True]])
    assert voxels_of(Box((1, 2), (3, 4)), mask, (5, 10)).tolist() == [12, 22, 23]


def test_the_deeper_mask_owns_a_voxel_and_the_lower_track_a_tie():
    voxels = [np.array([1, 2, 3]), np.array([2, 3, 4]), np.array([3])]
    depths = [np.array(d, np.float32) for d in ([5, 1, 2], [2, 2, 2], [1])]
    owned = settle_voxels(voxels, depths, [7, 4, 9])
    assert [o.tolist() for o in owned] == [[True, False, False], [True, True, True], [False]]


def test_the_order_of_masks_is_no_matter():
    rng = np.random.default_rng(0)
    voxels = [np.sort(rng.choice(50, 20, replace=False)) for _ in range(4)]
    depths = [rng.integers(0, 3, 20).astype(np.float32) for _ in range(4)]
    forward = settle_voxels(voxels, depths, [1, 2, 3, 4])
    backward = settle_voxels(voxels[::-1], depths[::-1], [4, 3, 2, 1])[::-1]
    assert all(np.array_equal(a, b) for a, b in zip(forward, backward, strict=True))
    owners = np.concatenate([v[o] for v, o in zip(voxels, forward, strict=True)])
    assert len(owners) == len(np.unique(owners)) == len(np.unique(np.concatenate(voxels)))


def test_masks_without_voxels_own_nothing():
    empty = np.zeros(0, np.int64)
    owned = settle_voxels([empty, np.array([3])], [empty.astype(np.float32), np.ones(1, np.float32)], [1, 2])
    assert [o.tolist() for o in owned] == [[], [True]]
