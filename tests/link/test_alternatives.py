"""The best other proposal of the same cell, whatever the order of the rows."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samtrack.link.alternatives import best_other_row, rival_of_links, runner_up_of_divisions, runner_up_of_links
from samtrack.types import Divisions, Links


def links_of(*rows):
    """Links (source, target, score)."""
    source, target, score = (np.array(c) for c in zip(*rows, strict=True))
    return Links(source, target, score.astype(float), np.zeros(len(rows)), np.zeros((len(rows), 0)))


RANK = np.arange(10)


def test_runner_up_and_rival():
    links = links_of((0, 3, 0.9), (0, 4, 0.6), (1, 4, 0.7), (2, 5, 0.3))
    other = runner_up_of_links(links, RANK)
    assert other.cell.tolist() == [4, 3, -1, -1]
    np.testing.assert_array_equal(other.score, [0.6, 0.9, np.nan, np.nan])
    rival = rival_of_links(links, RANK)
    assert rival.cell.tolist() == [-1, 1, 0, -1]
    np.testing.assert_array_equal(rival.score, [np.nan, 0.7, 0.6, np.nan])


def test_what_a_mother_would_do_undivided():
    links = links_of((0, 3, 0.5), (0, 4, 0.6), (1, 4, 0.7))
    divisions = Divisions([0, 2], [3, 3], [4, 4], np.full(2, 0.9), np.zeros((2, 0)))
    found = runner_up_of_divisions(divisions, links, RANK)
    assert found.cell.tolist() == [4, -1]
    assert found.score[0] == 0.6


def test_nothing_to_choose_from():
    none = np.zeros(0, dtype=np.int64)
    links = Links(none, none, none, none, np.zeros((0, 0)))
    assert len(runner_up_of_links(links, none).cell) == 0
    divisions = Divisions([0], [1], [2], [0.5], np.zeros((1, 0)))
    assert runner_up_of_divisions(divisions, links, none).cell.tolist() == [-1]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=12), st.randoms())
def test_it_is_the_best_of_the_others(rows, random):
    group, score = np.array(rows).T
    rank = np.array(random.sample(range(100), len(rows)))
    found = best_other_row(group, score / 4, rank)
    for i in range(len(rows)):
        others = [j for j in range(len(rows)) if j != i and group[j] == group[i]]
        assert found[i] == (min(others, key=lambda j: (-score[j], rank[j])) if others else -1)
