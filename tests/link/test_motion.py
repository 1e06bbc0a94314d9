from itertools import pairwise

import numpy as np
import pytest

from samtrack.link.cells import split_by_frame
from samtrack.link.motion import carry_on, estimate_motion, estimate_shift
from samtrack.types import Detections

RADIUS = 5.0
GATE = 15.0


@pytest.fixture
def cells_at():
    """Cells of equal size at given points, as the linker sees them."""

    def build(points, sizes=None):
        points = np.asarray(points, dtype=float)
        n, ndim = points.shape
        if n == 0:
            return split_by_frame(Detections.empty(ndim), [0])[0]
        ones = np.ones(n)
        table = Detections(
            frame=np.zeros(n),
            label=np.arange(1, n + 1),
            centroid_um=points,
            size_um=ones * 80 if sizes is None else sizes,
            box_start=np.zeros((n, ndim)),
            box_stop=np.ones((n, ndim)),
            intensity=ones,
            intensity_sd=ones,
            elongation=ones,
            spread=ones,
            neighbour_um=ones,
            border_um=ones,
            origin=np.zeros(n),
        )
        return split_by_frame(table, [0])[0]

    return build


@pytest.mark.parametrize("ndim", [2, 3])
def test_a_jump_of_the_stage_by_many_diameters_is_found(rng, cells_at, ndim):
    points = rng.uniform(0, 200, (60, ndim))
    jump = np.array([70.0, -45.0, 30.0])[:ndim]
    moved = points + jump + rng.normal(0, 1, points.shape)
    is_seen = np.all((moved > 0) & (moved < 200), axis=1)
    entered = rng.uniform(0, 200, (10, ndim))
    source, target = cells_at(points), cells_at(np.concatenate([moved[is_seen], entered]))
    assert np.linalg.norm(estimate_shift(source, target, RADIUS, GATE) - jump) < 1.0


def test_independent_motion_is_no_shift(rng, cells_at):
    points = rng.uniform(0, 300, (80, 2))
    shift = estimate_shift(cells_at(points), cells_at(points + rng.normal(0, 4, points.shape)), RADIUS, GATE)
    assert np.linalg.norm(shift) < 2.0


def test_neighbours_that_turn_together_are_followed(rng, cells_at):
    points = rng.uniform(-150, 150, (150, 2))
    turned = points @ np.array([[np.cos(0.05), np.sin(0.05)], [-np.sin(0.05), np.cos(0.05)]])
    source = cells_at(points)
    order = np.lexsort(points.T[::-1])
    motion = estimate_motion(source, cells_at(turned), RADIUS, GATE)
    before = np.linalg.norm(turned[order] - source.centre_um, axis=1)
    after = np.linalg.norm(turned[order] - motion.expected_um, axis=1)
    assert np.median(before) > 4
    assert np.median(after) < 1


def test_a_cell_does_not_vouch_for_itself(rng, cells_at):
    points = rng.uniform(0, 200, (40, 2))
    moved = points.copy()
    moved[7] += [4.0, 0.0]
    source, target = cells_at(points), cells_at(moved)
    motion = estimate_motion(source, target, RADIUS, GATE)
    seven = np.flatnonzero(np.all(source.centre_um == points[7], axis=1))[0]
    np.testing.assert_allclose(motion.expected_um[seven], points[7], atol=0.05)


def test_one_cell_moves_by_itself(cells_at):
    motion = estimate_motion(cells_at([[10.0, 10.0]]), cells_at([[90.0, 90.0]]), RADIUS, GATE)
    np.testing.assert_array_equal(motion.expected_um, [[10.0, 10.0]])


@pytest.mark.parametrize(("n_source", "n_target"), [(0, 0), (0, 5), (5, 0), (1, 4), (2, 2)])
def test_too_few_cells_stay_where_they_are(cells_at, n_source, n_target):
    points = np.arange(10.0).reshape(5, 2) * 20
    source = cells_at(points[:n_source])
    motion = estimate_motion(source, cells_at(points[:n_target] + 1), RADIUS, GATE)
    np.testing.assert_array_equal(motion.expected_um, source.centre_um)
    assert (motion.scatter_um > 0).all()


def test_many_cells_in_one_place(cells_at):
    source, target = cells_at(np.full((30, 2), 7.0)), cells_at(np.full((20, 2), 7.0))
    motion = estimate_motion(source, target, RADIUS, GATE)
    assert np.isfinite(motion.expected_um).all()
    np.testing.assert_allclose(motion.expected_um, 7.0)


def test_over_two_frames_a_cell_is_carried_by_both_steps(rng, cells_at):
    points = rng.uniform(0, 200, (40, 2))
    first, second = np.array([4.0, 0.0]), np.array([1.0, -3.0])
    frames = [cells_at(points), cells_at(points + first), cells_at(points + first + second)]
    steps = [(a, estimate_motion(a, b, RADIUS, GATE)) for a, b in pairwise(frames)]
    motion = carry_on(steps, frames[2], GATE)
    np.testing.assert_allclose(motion.expected_um, frames[0].centre_um + first + second, atol=0.1)
    np.testing.assert_allclose(motion.shift_um, first + second, atol=0.1)
    assert len(motion.source) == 40
    np.testing.assert_allclose(frames[2].centre_um[motion.target], motion.expected_um[motion.source], atol=0.1)
    one, two = steps[0][1].scatter_um, steps[1][1].scatter_um
    assert (motion.scatter_um >= np.maximum(one, two.min())).all()
    assert (motion.scatter_um <= one + two.max()).all()


def test_a_cell_is_carried_by_the_surroundings_it_has_come_to(cells_at):
    points = np.stack(np.meshgrid(np.arange(6.0) * 20, np.arange(20.0) * 20), axis=-1).reshape(-1, 2)
    is_left = points[:, 1] < 200
    here = cells_at(points)
    still = estimate_motion(here, here, RADIUS, GATE)
    parted = estimate_motion(here, cells_at(points + np.where(is_left, -6.0, 6.0)[:, None] * [0, 1]), RADIUS, GATE)
    motion = carry_on([(here, parted), (here, still), (here, parted)], here, GATE)
    off = motion.expected_um - here.centre_um
    far = np.abs(here.centre_um[:, 1] - 190) > 100
    np.testing.assert_allclose(np.abs(off[far, 1]), 12, atol=0.5)
    assert np.array_equal(off[far, 1] < 0, here.centre_um[far, 1] < 200)


def test_through_an_empty_frame_cells_stay(rng, cells_at):
    points = rng.uniform(0, 200, (20, 2))
    source, nothing = cells_at(points), cells_at(np.zeros((0, 2)))
    steps = [(a, estimate_motion(a, b, RADIUS, GATE)) for a, b in ((source, nothing), (nothing, source))]
    motion = carry_on(steps, source, GATE)
    np.testing.assert_array_equal(motion.expected_um, source.centre_um)
    np.testing.assert_array_equal(np.sort(motion.source), np.arange(20))
    none = carry_on(steps[::-1], nothing, GATE)
    assert none.expected_um.shape == (0, 2)
    assert len(none.source) == len(none.target) == 0
