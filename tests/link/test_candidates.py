import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.config.link import LinkSettings
from samtrack.link import measure_detections
from samtrack.link.candidates import best_other, find_candidates, gate_um, rank_in_group
from samtrack.link.cells import split_by_frame
from samtrack.link.motion import estimate_motion
from samtrack.types import Scale, Typical

members = st.lists(st.tuples(st.integers(0, 4), st.floats(-9, 9, allow_nan=False)), max_size=25)


@given(members)
def test_best_other_is_the_best_of_the_rest(pairs):
    group = np.array([g for g, _ in pairs], dtype=np.int64)
    value = np.array([v for _, v in pairs], dtype=np.float64)
    found = best_other(group, value, 5, -99.0)
    for i in range(len(pairs)):
        rest = [v for j, (g, v) in enumerate(pairs) if g == group[i] and j != i]
        assert found[i] == max(rest, default=-99.0)


@given(members)
def test_ranks_count_the_smaller_ones(pairs):
    group = np.array([g for g, _ in pairs], dtype=np.int64)
    value = np.array([v for _, v in pairs], dtype=np.float64)
    rank = rank_in_group(group, value)
    for g in range(5):
        assert sorted(rank[group == g]) == list(range((group == g).sum()))
        assert np.all(np.diff(value[group == g][np.argsort(rank[group == g])]) >= 0)


def test_gate_is_the_larger_of_size_and_spacing():
    settings = LinkSettings(gate_radii=3.0)
    assert gate_um(Typical(5.0, 12.0, 10, 100), settings) == 15.0
    assert gate_um(Typical(5.0, 40.0, 10, 100), settings) == 40.0
    assert gate_um(Typical(5.0, np.inf, 1, 10), settings) == 15.0


@pytest.mark.parametrize("k", [1, 3, 20])
def test_candidates_are_the_nearest_inside_the_gate(rng, draw_balls, k):
    labels = draw_balls((120, 120), rng.uniform(5, 115, (40, 2)), 3)
    cells = split_by_frame(measure_detections(labels, 0, Scale((1.0, 1.0))), [0])[0]
    motion = estimate_motion(cells, cells, 3.0, 20.0)
    found = find_candidates(motion, cells, LinkSettings(candidates=k), 20.0)
    distance = np.linalg.norm(motion.expected_um[:, None] - cells.centre_um[None], axis=-1)
    for i in range(len(cells)):
        wanted = [j for j in np.argsort(distance[i], kind="stable") if distance[i, j] <= 20.0][:k]
        assert found.target[i][found.is_real[i]].tolist() == wanted
    source, target = found.pairs()
    np.testing.assert_allclose(found.distance_um[found.is_real], distance[source, target])


def test_candidates_among_some_cells_only(rng, draw_balls):
    labels = draw_balls((120, 120), rng.uniform(5, 115, (40, 2)), 3)
    cells = split_by_frame(measure_detections(labels, 0, Scale((1.0, 1.0))), [0])[0]
    motion = estimate_motion(cells, cells, 3.0, 20.0)
    sources, targets = rng.random(len(cells)) < 0.3, rng.random(len(cells)) < 0.3
    a, b = find_candidates(motion, cells, LinkSettings(), 200.0, (sources, targets)).pairs()
    assert len(a) == sources.sum() * 5
    assert sources[a].all()
    assert targets[b].all()
