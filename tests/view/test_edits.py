"""Picked cells to rows of a file of edits."""

import pytest

from samtrack.errors import DataError
from samtrack.view.edits import rows_for


@pytest.mark.parametrize(
    ("action", "picked", "row"),
    [
        ("link", [(5, 2), (3, 1)], ("link", "3", "1", "5", "2", "n")),
        ("unlink", [(3, 1), (4, 1)], ("unlink", "3", "1", "4", "1", "n")),
        ("divide", [(4, 2), (3, 1), (4, 5)], ("divide", "3", "1", "4;4", "2;5", "n")),
        ("divide", [(3, 1), (4, 5)], ("divide", "3", "1", "4", "5", "n")),
        ("delete", [(3, 1)], ("delete", "3", "1", "", "", "n")),
        ("relabel", [(6, 1), (3, 9)], ("relabel", "6", "1", "", "9", "n")),
    ],
)
def test_an_action_on_picked_cells_is_a_row(action, picked, row):
    assert rows_for(action, picked, "n") == [row]


def test_several_cells_are_deleted_at_once():
    assert [row[1:3] for row in rows_for("delete", [(3, 1), (3, 2), (3, 1)])] == [("3", "1"), ("3", "2")]


@pytest.mark.parametrize(
    ("action", "picked", "said"),
    [
        ("link", [(3, 1)], "1 cells are picked. Pick 2 cells"),
        ("link", [(3, 1), (3, 2)], "both cells are of frame 3"),
        ("divide", [(3, 1), (3, 2)], "mother and daughter are of frame 3"),
        ("delete", [], "0 cells are picked"),
        ("relabel", [(3, 1), (4, 1)], "both cells are of track 1"),
        ("join", [], "expected one of link"),
    ],
)
def test_what_is_picked_must_fit(action, picked, said):
    with pytest.raises(DataError, match=said):
        rows_for(action, picked)
