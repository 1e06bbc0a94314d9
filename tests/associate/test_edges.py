"""Edges as tracks: who goes on, who divides, what no lineage can be, and which proposals say the same."""

import numpy as np
import pytest

from samtrack.associate import tracks_from_edges
from samtrack.associate.edges import divisions_among, links_among, tell_apart
from samtrack.associate.graph import rank_detections
from samtrack.errors import DataError
from samtrack.types import Edges


def edges(*pairs):
    source, target = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Edges(source, target)


def test_one_future_goes_on_two_are_a_division(make):
    detections = make.detections([0, 1, 2, 2, 4])
    tracks = tracks_from_edges(detections, edges((1, 3), (0, 1), (1, 2), (3, 4)))
    assert tracks.track_of.tolist() == [1, 1, 2, 3, 3]
    assert tracks.parent.tolist() == [0, 1, 1]
    assert tracks.last_frame.tolist() == [1, 2, 4], "the gap in frame 3 is inside the track"


def test_without_edges_every_detection_is_a_track(make):
    tracks = tracks_from_edges(make.detections([0, 0, 1]), edges())
    assert tracks.track_of.tolist() == [1, 2, 3]
    assert len(tracks_from_edges(make.detections([]), edges())) == 0


def test_the_order_of_edges_changes_nothing(make):
    detections = make.detections([0, 0, 1, 1, 1], [[0, 0], [9, 0], [0, 1], [1, 0], [9, 1]])
    pairs = [(0, 2), (0, 3), (1, 4)]
    links, divisions = tell_apart(detections, edges(*pairs), rank_detections(detections))
    other_links, other_divisions = tell_apart(detections, edges(*pairs[::-1]), rank_detections(detections))
    assert (links.source.tolist(), links.target.tolist()) == ([1], [4])
    assert other_links.source.tolist() == [1]
    assert divisions.daughter_a.tolist() == other_divisions.daughter_a.tolist() == [2]


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([(0, 2), (1, 2)], r"label 1 of frame 1 has 2 pasts, expected 1"),
        ([(0, 2), (0, 3), (0, 4)], r"label 1 of frame 0 has 3 futures, expected 2"),
        ([(0, 7)], r"name detections 0 to 7, expected 0 to 4"),
        ([(2, 0)], r"go from a frame to one that is not later \(row 0: 1 to 0\)"),
    ],
)
def test_what_is_no_lineage_is_refused(make, pairs, message):
    with pytest.raises(DataError, match=message):
        tracks_from_edges(make.detections([0, 0, 1, 1, 1]), edges(*pairs))


def test_proposals_that_say_the_same_are_found(make):
    proposed = make.links([(0, 1, 0.9), (0, 2, 0.1), (1, 3, 0.5)])
    assert links_among(proposed, make.links([(1, 3, 1), (0, 2, 1)]), 4).tolist() == [False, True, True]
    splits = make.divisions([(0, 2, 1, 0.5), (0, 1, 3, 0.5), (4, 1, 2, 0.5)])
    assert divisions_among(splits, make.divisions([(0, 1, 2, 1)]), 5).tolist() == [True, False, False]
    assert divisions_among(splits, make.divisions(), 5).tolist() == [False] * 3
