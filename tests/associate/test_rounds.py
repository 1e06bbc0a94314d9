"""Columns decided without a solver: never at the optimum's cost; the greedy rounds are the greedy order."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samtrack.associate.graph import NO_SIDE
from samtrack.associate.greedy import solve_greedy
from samtrack.associate.rounds import take_best, take_safe


def one_by_one(columns):
    """Greedy as it is told: a loop over columns in order of gain."""
    used, taken = set(), np.zeros(len(columns), bool)
    for column in np.argsort(-columns.gain, kind="stable"):
        sides = set(columns.sides[column].tolist()) - {NO_SIDE}
        if not sides & used:
            used |= sides
            taken[column] = True
    return taken


@given(st.integers(0, 10**6), st.integers(0, 9), st.integers(2, 6), st.booleans())
def test_safe_columns_with_the_best_of_the_rest_are_an_optimum(make, seed, n, n_cells, whole_gains):
    columns = make.random_columns(seed, n, n_cells, whole_gains)
    taken, still_open = take_safe(columns)
    assert not (taken & still_open).any()
    total = columns.gain[taken].sum() + make.best_packing(columns.take(still_open))
    assert np.isclose(total, make.best_packing(columns))


@given(st.integers(0, 10**6), st.integers(0, 9), st.integers(2, 6), st.booleans())
def test_open_columns_conflict_with_no_taken_one(make, seed, n, n_cells, whole_gains):
    columns = make.random_columns(seed, n, n_cells, whole_gains)
    taken, still_open = take_safe(columns)
    covered = set(columns.sides[taken].ravel().tolist()) - {NO_SIDE}
    assert not covered & set(columns.sides[still_open].ravel().tolist())


@given(st.integers(0, 10**6), st.integers(0, 40), st.integers(2, 12), st.booleans())
def test_greedy_rounds_take_what_a_loop_takes(make, seed, n, n_cells, whole_gains):
    columns = make.random_columns(seed, n, n_cells, whole_gains)
    assert np.array_equal(take_best(columns), one_by_one(columns))
    assert np.array_equal(solve_greedy(columns)[0], one_by_one(columns))


def test_a_lone_column_and_the_better_of_two_are_taken(make):
    columns = make.columns([2, 5, 3], [[0, 4], [1, 5], [1, 6]], 8)
    taken, still_open = take_safe(columns)
    assert taken.tolist() == [True, True, False]
    assert not still_open.any()


def test_a_middle_column_worth_less_than_its_neighbours_stays_open(make):
    """Three in a row: the best is in the middle, and only the solver can tell that the outer two win."""
    columns = make.columns([3, 4, 3], [[0, 4], [1, 4], [1, 5]], 6)
    taken, still_open = take_safe(columns)
    assert not taken.any()
    assert still_open.all()
    better = make.columns([3, 7, 3], [[0, 4], [1, 4], [1, 5]], 6)
    assert take_safe(better)[0].tolist() == [False, True, False]


def test_a_column_that_another_beats_even_after_its_losses_is_dropped(make):
    # column 3 shares side 1 with column 1, which keeps 4 - 2 = 2 > 1 even if it displaces column 0
    columns = make.columns([2, 4, 3, 1], [[0, 4], [1, 4], [1, 5], [1, 6]], 8)
    taken, still_open = take_safe(columns)
    assert not taken[3]
    assert not still_open[3]


def test_no_columns(make):
    columns = make.columns([], [], 6)
    assert len(take_best(columns)) == 0
    assert [len(part) for part in take_safe(columns)] == [0, 0]
