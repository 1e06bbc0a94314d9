"""Every voxel of a shared mask goes to one of the two cells, and each gets its share."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.fill.split import split_voxels


def test_each_cell_gets_the_voxels_that_lie_deeper_in_it():
    a, b = np.array([3.0, 2.0, -1.0, -2.0]), np.array([-2.0, 0.0, 1.0, 4.0])
    assert [part.tolist() for part in split_voxels(a, b, 0.5)] == [
        [True, True, False, False],
        [False, False, True, True],
    ]


def test_an_error_of_both_places_moves_no_voxel():
    x = np.arange(20.0)
    expected = split_voxels(5 - np.abs(x - 4), 5 - np.abs(x - 14), 0.5)[0]
    assert expected.tolist() == [True] * 10 + [False] * 10
    assert np.array_equal(split_voxels(5 - np.abs(x - 1), 5 - np.abs(x - 11), 0.5)[0], expected)


@pytest.mark.parametrize(("share", "n_a"), [(0.25, 3), (0.5, 5), (0.999, 9), (0.0, 1)])
def test_as_many_as_the_share_but_never_none_or_all(share, n_a):
    a, b = split_voxels(np.arange(10.0), np.zeros(10), share)
    assert (np.count_nonzero(a), np.count_nonzero(b)) == (pytest.approx(n_a, abs=1), 10 - np.count_nonzero(a))
    assert min(np.count_nonzero(a), np.count_nonzero(b)) >= 1


@given(st.integers(2, 60), st.floats(0.05, 0.95), st.integers(0, 10**6))
def test_parts_are_a_partition_and_do_not_depend_on_who_is_called_a(n, share, seed):
    rng = np.random.default_rng(seed)
    depth_a, depth_b = rng.normal(size=n), rng.normal(size=n)
    a, b = split_voxels(depth_a, depth_b, share)
    assert np.array_equal(a, ~b)
    assert (depth_a - depth_b)[a].min() >= (depth_a - depth_b)[b].max()
