"""The optimum is the optimum, however it is cut into components and calls."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samtrack.associate import ilp
from samtrack.associate.graph import NO_SIDE
from samtrack.associate.greedy import solve_greedy
from samtrack.associate.ilp import components_of, solve_exactly
from samtrack.errors import PlanError


def is_packing(columns, chosen):
    sides = columns.sides[chosen].ravel()
    return np.bincount(sides[sides != NO_SIDE], minlength=1).max() <= 1


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(0, 11), st.integers(2, 6), st.booleans())
def test_the_optimum_by_brute_force(make, seed, n, n_cells, whole_gains):
    columns = make.random_columns(seed, n, n_cells, whole_gains)
    chosen, _ = solve_exactly(columns)
    assert is_packing(columns, chosen)
    assert np.isclose(columns.gain[chosen].sum(), make.best_packing(columns))


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 120), st.integers(5, 40))
def test_greedy_is_never_better(make, seed, n, n_cells):
    columns = make.random_columns(seed, n, n_cells, whole_gains=False)
    best, greedy = solve_exactly(columns)[0], solve_greedy(columns)[0]
    assert columns.gain[greedy].sum() <= columns.gain[best].sum() + 1e-9


def test_greedy_is_worse_where_the_best_link_blocks_two(make):
    columns = make.columns([3, 4, 3], [[0, 4], [1, 4], [1, 5]], 6)
    assert solve_exactly(columns)[0].tolist() == [True, False, True]
    assert solve_greedy(columns)[0].tolist() == [False, True, False]


@pytest.mark.parametrize("batch", [1, 7, 50, 10**6])
def test_the_cut_into_calls_changes_nothing(make, monkeypatch, batch):
    columns = make.random_columns(5, 600, 700, whole_gains=False)
    whole, facts = solve_exactly(columns)
    assert facts["components"] > 3
    monkeypatch.setattr(ilp, "BATCH_COLUMNS", batch)
    assert np.array_equal(solve_exactly(columns)[0], whole)


def test_the_reductions_change_nothing(make, monkeypatch):
    columns = make.random_columns(6, 400, 150, whole_gains=False)
    reduced, facts = solve_exactly(columns)
    assert facts["columns_decided_by_reduction"] > 50
    nothing = lambda c, known=None: (np.zeros(len(c), bool), np.ones(len(c), bool))  # noqa: E731
    monkeypatch.setattr(ilp, "take_safe", nothing)
    assert np.array_equal(solve_exactly(columns)[0], reduced)


def test_a_fractional_knot_is_solved_whole(make):
    """Three divisions, each two of which share a daughter: the relaxation takes half of each."""
    knot = [[0, 4, 5], [1, 5, 6], [2, 4, 6]]
    columns = make.columns([3.0, 3.1, 3.2] * 2, [*knot, *[[s + 10 for s in sides] for sides in knot]], 20)
    chosen, facts = solve_exactly(columns)
    assert chosen.tolist() == [False, False, True] * 2
    assert facts["components_fractional"] == 2


def test_components_are_joined_by_shared_sides_only(make):
    columns = make.columns([1] * 5, [[0, 9], [1, 10, 11], [2, 11], [3, 9], [4, 12]], 20)
    assert components_of(columns).tolist() == [0, 1, 1, 0, 2]


def test_no_columns(make):
    chosen, facts = solve_exactly(make.columns([], [], 0))
    assert len(chosen) == 0
    assert facts["components"] == 0


def test_a_double_cover_is_never_passed_on(make):
    columns = make.columns([1, 1], [[0, 2], [0, 3]], 4)
    with pytest.raises(PlanError, match="explained 2 times, expected once"):
        ilp._require_packing(columns, np.array([True, True]))
