"""One-to-one pairs, by gain and optimal, against SciPy and in any order."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from samtrack.associate.pairing import Pairs, take_by_gain, take_optimally


def pairs_of(rows):
    left, right, gain = np.array(rows, dtype=float).reshape(-1, 3).T
    return Pairs(left.astype(int), right.astype(int), gain)


def test_by_gain_the_best_pair_wins_and_optimally_the_best_sum():
    pairs = pairs_of([(0, 0, 3), (0, 1, 4), (1, 1, 3)])
    assert take_by_gain(pairs).tolist() == [False, True, False]
    assert take_optimally(pairs).tolist() == [True, False, True]


@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(1, 12))
def test_the_optimum_is_that_of_a_full_assignment(seed, n, m):
    rng = np.random.default_rng(seed)
    gain = np.where(rng.random((n, m)) < 0.5, rng.exponential(1.0, (n, m)), 0.0)
    left, right = np.nonzero(gain)
    taken = take_optimally(Pairs(left, right, gain[left, right]))
    assert gain[left, right][taken].sum() == pytest.approx(gain[linear_sum_assignment(-gain)].sum())
    assert len(set(left[taken])) == len(set(right[taken])) == taken.sum()


@pytest.mark.parametrize("take", [take_by_gain, take_optimally])
def test_the_order_of_pairs_changes_nothing_even_with_ties(take):
    rng = np.random.default_rng(1)
    left, right = np.divmod(rng.choice(100, 40, replace=False), 10)
    gain = rng.integers(1, 4, 40).astype(float)
    order = rng.permutation(40)
    first = take(Pairs(left, right, gain))
    assert np.array_equal(first[order], take(Pairs(left[order], right[order], gain[order])))


@pytest.mark.parametrize("take", [take_by_gain, take_optimally])
def test_pairs_without_gain_are_left(take):
    assert not take(pairs_of([(0, 0, 0), (1, 1, -1)])).any()
    assert len(take(pairs_of([]))) == 0
