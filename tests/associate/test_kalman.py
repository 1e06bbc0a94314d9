"""The linker ``kalman``: the filter's numbers, gate, gaps, divisions, and that labels are no matter."""

import math

import numpy as np
import pytest

from samtrack.associate.graph import rank_detections
from samtrack.associate.kalman import build_filter, growth_of, link_by_kalman
from samtrack.config.associate import KalmanSettings
from samtrack.types import Detections

SIZE = math.pi * 4.0
"""Of a disc of radius 2 µm: with neighbours 1 µm apart (as the fixtures say) the gate is 6 µm."""


def link(detections, **settings):
    edges, facts = link_by_kalman(detections, KalmanSettings(**settings), rank_detections(detections))
    return sorted(zip(edges.source.tolist(), edges.target.tolist(), strict=True)), facts


def test_numbers_of_the_filter_from_radius_and_neighbours(make):
    detections = make.detections([0, 0, 1], size=SIZE)
    positions = rank_detections(detections)
    noise = build_filter(detections, KalmanSettings(), positions)
    assert (noise.detection_um, noise.process_um, noise.gate_um) == pytest.approx((1.0, 6.0, 6.0))
    narrow = build_filter(detections, KalmanSettings(gate_radii=0.1), positions)
    assert narrow.gate_um == 1.0, "the distance between neighbours"


def test_a_step_within_the_gate_is_linked_one_beyond_is_not(make):
    assert link(make.detections([0, 1], [[0, 0], [5.9, 0]], size=SIZE))[0] == [(0, 1)]
    assert link(make.detections([0, 1], [[0, 0], [6.1, 0]], size=SIZE))[0] == []


def test_z_counts_in_micrometres(make):
    ball = 4 / 3 * math.pi * 8
    assert link(make.detections([0, 1], [[0, 0, 0], [6.1, 0, 0]], size=ball))[0] == []
    assert link(make.detections([0, 1], [[0, 0, 0], [5.9, 0, 0]], size=ball))[0] == [(0, 1)]


def test_all_steps_together_are_the_shortest(make):
    """Taken alone the nearest pair is the middle one, which would leave the outer two to each other."""
    detections = make.detections([0, 0, 1, 1], [[0, 0], [4, 0], [3, 0], [7, 0]], size=SIZE)
    assert link(detections)[0] == [(0, 2), (1, 3)]


def test_the_place_is_a_mean_weighted_by_the_variances(make):
    """Seen at 0, then at 4: the filter is at 4 (1 - r / (p + q + r)), so a step of one gate from there is less than 10."""
    prior = 1.0 + 36.0
    place = 4 * prior / (prior + 1.0)
    for offset, expected in ((-0.01, [(0, 1), (1, 2)]), (0.01, [(0, 1)])):
        detections = make.detections([0, 1, 2], [[0, 0], [4, 0], [place + 6 + offset, 0]], size=SIZE)
        assert link(detections)[0] == expected


def test_gaps_up_to_the_setting(make):
    detections = make.detections([0, 2, 5], size=SIZE)
    assert link(detections)[0] == [(0, 1)]
    assert link(detections, max_gap_frames=0)[0] == []
    assert link(detections, max_gap_frames=2)[0] == [(0, 1), (1, 2)]


def dividing(make, sizes=(50.0, 25.0, 25.0)):
    detections = make.detections([0, 1, 1], [[0, 0], [0, 2], [0, -2]])
    columns = {name: getattr(detections, name) for name in Detections.__dataclass_fields__}
    return Detections(**{**columns, "size_um": np.array(sizes)})


def test_divisions_only_where_cells_become_more(make):
    edges, facts = link(dividing(make))
    assert (edges, facts["divisions_looked_for"]) == ([(0, 1), (0, 2)], 1)
    edges, facts = link(dividing(make), divide_above_growth=1.0)
    assert (len(edges), facts["divisions_looked_for"]) == (1, 0)


def test_growth_is_from_the_first_tenth_to_the_last(make):
    assert growth_of(make.detections([0, 1, 1])) == 1.0
    frames = [t for t in range(20) for _ in range(2 if t < 2 else 3)] + [19]
    assert growth_of(make.detections(sorted(frames))) == pytest.approx(3.5 / 2 - 1)


def test_daughters_of_unlike_size_count_as_farther(make):
    sizes = (50.0, 45.0, 5.0)
    assert len(link(dividing(make, sizes), gate_radii=1.2)[0]) == 1
    assert len(link(dividing(make), gate_radii=1.2)[0]) == 2


def test_labels_change_nothing(make):
    rng = np.random.default_rng(3)
    frames = np.repeat(np.arange(6), 8 + 3 * np.arange(6))
    points = rng.integers(0, 12, (len(frames), 2)).astype(float)  # many ties
    detections = make.detections(frames.tolist(), points, size=SIZE)
    label = rng.permutation(len(frames)) + 1
    old = np.lexsort((label, frames))
    columns = {name: getattr(detections, name)[old] for name in Detections.__dataclass_fields__ if name != "label"}
    edges, facts = link(detections)
    other, other_facts = link(Detections(label=label[old], **columns))
    where = detections.centroid_um
    again = columns["centroid_um"]
    told = sorted((*where[s], frames[s], *where[t], frames[t]) for s, t in edges)
    assert told == sorted((*again[s], frames[old][s], *again[t], frames[old][t]) for s, t in other)
    assert facts == other_facts


def test_no_cells_and_empty_frames(make):
    assert link(make.detections([])) == ([], {})
    assert link(make.detections([3, 4], size=SIZE))[0] == [(0, 1)]
