"""Colours and parents of labels in the metadata."""

import numpy as np

from samtrack.io.label_metadata import MAX_LISTED, colour_of, label_metadata


def test_every_track_has_a_colour_and_its_parent():
    found = label_metadata(np.array([0, 1, 1]), np.array([1, 1, 1]))
    assert [row["label-value"] for row in found["colors"]] == [1, 2, 3]
    assert found["properties"][2] == {"label-value": 3, "parent": 1, "lineage": 1}
    assert all(0 <= value <= 255 for row in found["colors"] for value in row["rgba"])


def test_neighbours_in_number_look_different():
    colours = np.array([colour_of(track)[:3] for track in range(1, MAX_LISTED + 1)])
    for step in (1, 2, 3):
        assert np.abs(colours[step:] - colours[:-step]).max(axis=1).min() > 40
    assert len(np.unique(colours[:300], axis=0)) == 300


def test_long_lists_are_left_out():
    many = np.zeros(MAX_LISTED + 1, dtype=np.int64)
    assert label_metadata(many, many) == {}
