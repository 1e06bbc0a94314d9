"""Windows see every column, and what is decided in one holds for the whole."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samtrack.associate import windows
from samtrack.associate.ilp import solve_exactly
from samtrack.associate.windows import touches_unknown, windows_of


def lattice(make, seed, n_frames=30, per_frame=6):
    """Links and divisions between frames that follow each other, all with a gain of their own."""
    rng = np.random.default_rng(seed)
    n = n_frames * per_frame
    sides = []
    for _ in range(4 * n):
        frame = rng.integers(n_frames - 1)
        source = frame * per_frame + rng.integers(per_frame)
        later = min(frame + 1 + (rng.random() < 0.2), n_frames - 1)
        daughters = later * per_frame + rng.choice(per_frame, 1 + (rng.random() < 0.3), replace=False)
        sides.append([source, *(n + np.sort(daughters))])
    sides = sorted({tuple(int(v) for v in s) for s in sides}, key=lambda s: (len(s), s))
    return make.columns(rng.uniform(0.1, 9, len(sides)), [list(s) for s in sides], 2 * n)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10**6), size=st.sampled_from([1, 3, 17, 60, 200]))
def test_the_decision_does_not_depend_on_windows(make, seed, size):
    columns = lattice(make, seed)
    whole, facts = solve_exactly(columns)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW_COLUMNS", size)
        cut, cut_facts = solve_exactly(columns)
    assert facts["windows"] == 1
    assert cut_facts["windows"] > 2
    assert np.array_equal(cut, whole)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 10**6), n=st.integers(2, 11), size=st.integers(1, 4))
def test_the_optimum_by_brute_force_in_windows(make, seed, n, size):
    columns = make.random_columns(seed, n, 4, whole_gains=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(windows, "WINDOW_COLUMNS", size)
        chosen, _ = solve_exactly(columns)
    assert np.isclose(columns.gain[chosen].sum(), make.best_packing(columns))


def test_each_column_comes_once_unless_it_is_carried(make, monkeypatch):
    monkeypatch.setattr(windows, "WINDOW_COLUMNS", 50)
    columns = lattice(make, 3)
    seen = np.zeros(len(columns), int)
    for window in windows_of(columns):
        assert np.all(np.diff(window.rows) > 0)
        seen[window.rows] += 1
    assert np.all(seen == 1)


def test_what_hangs_on_later_frames_is_told(make):
    columns = make.columns([1, 1, 1], [[0, 4], [1, 5, 6], [2, 7]], 8)
    known = np.arange(8) % 4 < 2
    assert touches_unknown(columns, known).tolist() == [False, True, True]
    assert not touches_unknown(columns, None).any()
