"""Chains of cells as edges."""

from samtrack.peers.base import edges_of_chains
from samtrack.testing import empty_frame


def pairs(edges):
    return sorted(zip(edges.source.tolist(), edges.target.tolist(), strict=True))


def test_chains_and_parents_become_edges():
    edges = edges_of_chains({7: [0, 1, 4], 8: [5], 9: [6, 8]}, {8: 7, 9: 7})
    assert pairs(edges) == [(0, 1), (1, 4), (4, 5), (4, 6), (6, 8)]


def test_parents_that_were_dropped_and_chains_without_a_cell_are_forgotten():
    assert pairs(edges_of_chains({1: [], 2: [3]}, {2: 1})) == []
    assert pairs(edges_of_chains({2: [3, 4]}, {2: 99})) == [(3, 4)]
    assert len(edges_of_chains({}, {})) == 0


def test_rows_by_frame_include_frames_without_cells(material):
    rows = material(empty_frame()).rows_by_frame()
    assert [r.tolist() for r in rows] == [[0, 1], [], [2, 3], []]
