"""The linker ``overlap``: whose masks overlap most, and two inside one are a division."""

import numpy as np
import pytest

from samtrack.associate.graph import rank_detections
from samtrack.associate.overlap import link_by_overlap
from samtrack.config.associate import OverlapSettings
from samtrack.errors import DataError
from samtrack.types import Links


def link(make, detections, rows, **settings):
    """Edges from (source, target, iou, overlap)."""
    source, target, iou, overlap = np.array(rows, dtype=float).reshape(-1, 4).T
    features = np.stack([overlap, iou], axis=1)
    n = len(rows)
    links = Links(source.astype(int), target.astype(int), np.ones(n), np.zeros(n), features, ("overlap", "iou"))
    edges = link_by_overlap(detections, links, OverlapSettings(**settings), rank_detections(detections))
    return sorted(zip(edges.source.tolist(), edges.target.tolist(), strict=True))


def test_the_largest_overlap_wins_and_each_mask_once(make):
    detections = make.detections([0, 0, 1, 1])
    rows = [(0, 2, 0.6, 0.7), (0, 3, 0.3, 0.4), (1, 2, 0.5, 0.6)]
    assert link(make, detections, rows) == [(0, 2)]
    assert link(make, detections, [*rows, (1, 3, 0.2, 0.3)]) == [(0, 2), (1, 3)]


def test_masks_that_hardly_touch_are_not_linked(make):
    detections = make.detections([0, 1])
    assert link(make, detections, [(0, 1, 0.09, 0.2)]) == []
    assert link(make, detections, [(0, 1, 0.09, 0.2)], min_iou=0.05) == [(0, 1)]


def test_two_masks_mostly_inside_one_are_its_daughters(make):
    detections = make.detections([0, 1, 1])
    assert link(make, detections, [(0, 1, 0.45, 0.9), (0, 2, 0.4, 0.8)]) == [(0, 1), (0, 2)]
    assert link(make, detections, [(0, 1, 0.45, 0.9), (0, 2, 0.2, 0.4)]) == [(0, 1)], "the second is mostly outside"
    assert link(make, detections, [(0, 1, 0.45, 0.4), (0, 2, 0.4, 0.8)]) == [(0, 1)], "the first is mostly outside"
    assert len(link(make, detections, [(0, 1, 0.2, 0.4), (0, 2, 0.2, 0.4)], min_inside=0.3)) == 2


def test_a_mask_that_is_larger_than_the_mother_is_not_inside_her(make):
    """The fact is told of the smaller mask: all of the mother inside the target is half of the target inside her."""
    detections = make.detections([0, 1, 1])
    sizes = np.array([50.0, 150.0, 20.0])
    columns = {name: getattr(detections, name) for name in type(detections).__dataclass_fields__}
    grown = type(detections)(**{**columns, "size_um": sizes})
    assert link(make, grown, [(0, 1, 0.4, 1.0), (0, 2, 0.3, 1.0)]) == [(0, 1)]


def test_a_third_mask_inside_is_left_over(make):
    detections = make.detections([0, 1, 1, 1])
    rows = [(0, 1, 0.3, 0.9), (0, 2, 0.2, 0.9), (0, 3, 0.25, 0.9)]
    assert link(make, detections, rows) == [(0, 1), (0, 3)]


def test_gaps_are_not_bridged(make):
    assert link(make, make.detections([0, 2]), [(0, 1, 0.9, 0.9)]) == []


def test_links_without_the_facts_are_refused(make):
    detections = make.detections([0, 1])
    with pytest.raises(DataError, match=r"hold the facts none, but the linker overlap needs 'overlap'"):
        link_by_overlap(detections, make.links([(0, 1, 0.9)]), OverlapSettings(), rank_detections(detections))
