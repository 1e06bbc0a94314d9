"""The graph of a table: who comes from whom, tracklets and lineages, and the probability of each edge."""

from __future__ import annotations

import numpy as np
import pytest

from samtrack.submit.graph import Said, lineages_of, track_graph


def said(*rows: tuple[int, int, int, int, float]) -> list[Said]:
    return [Said(*(np.array(column) for column in zip(*rows, strict=True)))]


def graph(rows: list[tuple[int, int, int, int]], pairs: list[Said] | None = None):
    """Rows are track, frame, parent, label."""
    columns = np.array(rows, dtype=np.int64).reshape(-1, 4).T
    return track_graph(*columns, pairs or [])


def test_a_division_with_a_drawn_mask_before_it():
    rows = [(1, 0, 0, 5), (1, 1, 0, 0), (1, 2, 0, 6), (2, 3, 1, 7), (3, 3, 1, 8), (4, 1, 0, 9)]
    found = graph(rows, said((0, 5, 2, 6, 0.9), (2, 6, 3, 7, 0.8), (2, 6, 3, 8, 0.8)))
    assert found.before.tolist() == [-1, 0, 1, 2, 2, -1]
    assert found.targets.tolist() == [1, 2, 3, 4]
    assert found.probability[found.targets].tolist() == [0.9, 0.9, 0.8, 0.8]
    assert np.isnan(found.probability[[0, 5]]).all()
    assert found.tracklet.tolist() == [1, 1, 1, 2, 3, 4]
    assert found.lineage.tolist() == [1, 1, 1, 1, 1, 4]


def test_a_lone_child_is_the_same_path_but_not_the_same_track():
    """A parent of one child, as where the other daughter is not in the results; grandchildren divide."""
    rows = [(1, 0, 0, 1), (2, 1, 1, 1), (3, 2, 2, 1), (4, 3, 3, 1), (5, 3, 3, 2)]
    found = graph(rows)
    assert found.before.tolist() == [-1, 0, 1, 2, 2]
    assert found.tracklet.tolist() == [1, 1, 1, 4, 5]
    assert found.lineage.tolist() == [1] * 5


def test_a_parent_without_rows_is_no_parent():
    found = graph([(2, 1, 1, 3), (3, 4, 9, 3)])
    assert found.before.tolist() == [-1, -1]
    assert found.lineage.tolist() == found.tracklet.tolist() == [2, 3]


def test_what_is_said_of_a_daughter_whose_first_mask_is_drawn():
    rows = [(1, 0, 0, 4), (2, 1, 1, 0), (2, 2, 1, 5), (3, 1, 1, 6)]
    found = graph(rows, said((0, 4, 2, 5, 0.7), (0, 4, 1, 6, 0.6)))
    assert found.probability[1:].tolist() == [0.7, 0.7, 0.6]


def test_what_is_said_of_others_counts_for_nothing():
    """A link between cells that do not follow each other, of a detection that is rejected, of a label unheard of."""
    rows = [(1, 0, 0, 1), (1, 1, 0, 1), (2, 0, 0, 2), (2, 1, 0, 2)]
    found = graph(rows, said((0, 2, 1, 1, 0.9), (0, 7, 1, 2, 0.9), (0, 2, 1, 900, 0.9)))
    assert np.isnan(found.probability).all()


def test_masks_drawn_after_the_last_detection_have_no_probability():
    found = graph([(1, 0, 0, 1), (1, 1, 0, 0), (2, 0, 0, 2), (2, 1, 0, 3)], said((0, 2, 1, 3, 0.4)))
    assert np.isnan(found.probability[:3]).all()
    assert found.probability[3] == 0.4


def test_no_cells_at_all():
    found = graph([])
    assert (len(found), len(found.targets)) == (0, 0)


def test_lineages_of_long_lines():
    parent = np.arange(1000)  # each the child of the one before
    parent[500] = 0
    assert lineages_of(parent).tolist() == [1] * 500 + [501] * 500
    assert lineages_of(np.zeros(0, dtype=np.int64)).tolist() == []


def test_a_node_cannot_come_from_itself():
    from samtrack.types import TrackGraph

    with pytest.raises(ValueError, match="comes from itself"):
        TrackGraph(np.array([0]), np.zeros(1), np.ones(1, np.int64), np.ones(1, np.int64))
    with pytest.raises(ValueError, match="different lengths"):
        TrackGraph(np.array([-1]), np.zeros(2), np.ones(1, np.int64), np.ones(1, np.int64))
