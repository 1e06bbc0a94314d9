"""Cells of a frame with their paths, and what napari wants."""

import numpy as np

from samtrack.view.tails import TAIL, Tails


def test_cells_come_with_where_they_were(table):
    tails = Tails(table)
    assert tails.n_tracks == 3
    assert tails.at(1) == [
        {"track": 1, "parent": 0, "colour": 0, "path": [[0.0, 0.0, 10.0], [1.0, 10.0, 10.0]], "born": 0}
    ]
    assert tails.at(7) == []


def test_the_path_of_a_newborn_cell_begins_with_its_mothers(table):
    two, three = Tails(table).at(2)
    assert two["path"] == [[0.0, 0.0, 10.0], [1.0, 10.0, 10.0], [2.0, 20.0, 20.0]]
    assert (two["track"], two["parent"], two["born"]) == (2, 1, 2)
    assert three["path"][:2] == two["path"][:2]


def test_a_track_with_its_family(table):
    tails = Tails(table)
    assert tails.track(1) == {"track": 1, "first": 0, "last": 1, "masks": 2, "parent": 0, "daughters": [2, 3]}
    assert tails.track(3) == {"track": 3, "first": 2, "last": 2, "masks": 1, "parent": 1, "daughters": []}
    assert tails.track(4) is None
    assert tails.track(0) is None


def test_paths_end_after_so_many_frames():
    n = 2 * TAIL
    one = np.ones(n, dtype=int)
    tails = Tails({"track_id": one, "t": np.arange(n), "parent_track_id": 0 * one, "z": one, "y": one, "x": one})
    assert len(tails.at(n - 1)[0]["path"]) == TAIL + 1
    assert len(tails.at(n - 1)[0]["path"][0]) == 4, "frame, z, y, x"


def test_points_are_sorted_and_the_graph_names_parents(table):
    turned = {name: column[::-1] for name, column in table.items()}
    tails = Tails(turned)
    assert tails.points()[:, :2].tolist() == [[1, 0], [1, 1], [2, 2], [3, 2]]
    assert tails.graph() == {2: [1], 3: [1]}


def test_a_result_without_cells():
    none = np.zeros(0)
    tails = Tails(dict.fromkeys(("track_id", "t", "parent_track_id", "y", "x"), none))
    assert (tails.n_tracks, tails.at(0), tails.graph(), tails.points().shape) == (0, [], {}, (0, 4))
