"""Which lineages may be in a result of which only marked first cells are scored."""

from __future__ import annotations

import numpy as np

from samtrack.submit.lineages import FirstCells, check_lineages, check_only_children, overlaps_of

TABLE = np.array([[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 1], [4, 0, 3, 0]])


def told(found):
    return [(violation.rule, violation.label) for violation in found]


def first_cells(marked, pairs):
    return FirstCells(np.array(marked, dtype=np.int64), np.array(pairs, dtype=np.int64).reshape(-1, 2))


def test_pairs_that_share_voxels():
    pairs = overlaps_of(np.array([[5, 5, 0, 6]], dtype=np.uint16), np.array([[0, 2, 2, 3]], dtype=np.uint32))
    assert pairs.tolist() == [[5, 2], [6, 3]]
    assert overlaps_of(np.zeros((2, 2), dtype=np.uint8), np.ones((2, 2), dtype=np.uint8)).shape == (0, 2)


def test_all_lineages_begin_in_the_first_frame():
    assert check_lineages(TABLE, None) == []
    late = np.array([*TABLE, [5, 1, 3, 0], [6, 2, 2, 99]])  # a parent that is not listed is none
    assert told(check_lineages(late, None)) == [("late-lineage", 5), ("late-lineage", 6)]
    assert check_lineages(np.zeros((0, 4), dtype=np.int64), None) == []


def test_lineages_begin_at_marked_cells():
    assert check_lineages(TABLE, first_cells([11, 12], [[11, 1], [12, 4]])) == []
    assert told(check_lineages(TABLE, first_cells([11], [[11, 1]]))) == [("unmarked-lineage", 4)]


def test_a_marked_cell_may_be_followed_by_an_object_beside_it():
    assert told(check_lineages(TABLE, first_cells([11, 12], [[11, 1]]))) == [("lost-cell", 12)]
    # one excuse for two lineages is too few
    more = np.array([*TABLE, [5, 0, 3, 0]])
    assert told(check_lineages(more, first_cells([11, 12], [[11, 1]]))) == [
        *(("unmarked-lineage", 4), ("unmarked-lineage", 5), ("lost-cell", 12))
    ]


def test_an_only_child_without_a_gap():
    rows = [[1, 0, 1, 0], [2, 2, 3, 1], [3, 0, 1, 0], [4, 3, 3, 3], [5, 0, 1, 0], [6, 2, 3, 5], [7, 2, 3, 5]]
    # 2 goes on where 1 ends; 4 begins after a gap; 6 and 7 are daughters
    assert told(check_only_children(np.array(rows))) == [("only-child", 2)]
