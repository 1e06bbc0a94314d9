import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.motion import CONTACT, Flow, World, build_world, make_room, stage_path, touching_pairs
from samtrack.simulate.shapes import Bodies, Floats


def discs(centre_um: Floats, radius: float = 5.0) -> Bodies:
    n, ndim = centre_um.shape
    none = np.zeros((n, 1))
    return Bodies(
        centre_um=centre_um,
        axes=np.tile(np.eye(ndim), (n, 1, 1)),
        semi_um=np.full((n, ndim), radius),
        power=np.full(n, 2.0),
        wave=np.zeros((n, 1, ndim)),
        height=none,
        phase=none,
    )


WIDE = World(np.full(2, -1000.0), np.full(2, 1000.0))


@pytest.mark.parametrize("gap", [1.0, 4.0, 8.0])
def test_two_bodies_part_until_they_just_touch(gap: float) -> None:
    moved = make_room(discs(np.array([[0.0, 0.0], [gap, 0.0]])), WIDE)
    assert np.linalg.norm(moved[1] - moved[0]) == pytest.approx(CONTACT * 10, abs=0.05)
    assert moved.mean(axis=0) == pytest.approx([gap / 2, 0])


def test_bodies_apart_stay_where_they_are() -> None:
    centres = np.array([[0.0, 0.0], [10.0, 0.0], [0.0, 30.0]])
    np.testing.assert_array_equal(make_room(discs(centres), WIDE), centres)


def test_long_bodies_lie_closer_side_by_side_than_end_to_end() -> None:
    pair = discs(np.array([[0.0, 0.0], [0.0, 2.0]]))
    semi = np.array([[9.0, 3.0], [9.0, 3.0]])
    beside = Bodies(pair.centre_um, pair.axes, semi, pair.power, pair.wave, pair.height, pair.phase)
    moved = make_room(beside, WIDE)
    assert np.linalg.norm(moved[1] - moved[0]) == pytest.approx(CONTACT * 6, abs=0.1)
    ends = Bodies(pair.centre_um[:, ::-1], pair.axes, semi, pair.power, pair.wave, pair.height, pair.phase)
    moved = make_room(ends, WIDE, rounds=40)
    assert np.linalg.norm(moved[1] - moved[0]) == pytest.approx(CONTACT * 18, abs=0.1)


def test_walls_hold_and_turn_cells_back() -> None:
    world = World(np.array([0.0, 0.0]), np.array([50.0, 50.0]))
    centre = make_room(discs(np.array([[-5.0, 20.0], [20.0, 60.0], [30.0, 30.0]])), world)
    assert centre.tolist() == [[0.0, 20.0], [20.0, 50.0], [30.0, 30.0]]
    velocity = world.inward(centre, np.array([[-3.0, 1.0], [1.0, 4.0], [-2.0, 2.0]]))
    assert velocity.tolist() == [[3.0, 1.0], [1.0, -4.0], [-2.0, 2.0]]


def test_touching_pairs_are_all_and_only_those() -> None:
    rng = np.random.default_rng(0)
    centre, reach = rng.uniform(0, 60, (80, 3)), rng.uniform(1, 6, 80)
    gap = np.linalg.norm(centre[:, None] - centre[None], axis=-1)
    slow = [(i, j) for i in range(80) for j in range(i + 1, 80) if gap[i, j] < reach[i] + reach[j]]
    assert [tuple(p) for p in touching_pairs(centre, reach)] == slow
    assert len(touching_pairs(centre[:1], reach[:1])) == 0


def test_the_flow_is_as_strong_as_asked_for_and_has_no_sources() -> None:
    settings = SimulateSettings(motion={"flow_um_per_hour": 10.0}, seed=3)
    world = World(np.zeros(2), np.full(2, 500.0))
    speeds = []
    for seed in range(20):
        flow = Flow.drawn(settings.model_copy(update={"seed": seed}), world)
        points = np.random.default_rng(seed).uniform(0, 500, (400, 2))
        speeds.append((flow.at(points, 1.0) ** 2).sum(axis=1).mean())
        outward = sum(
            (flow.at(points + step, 1.0) - flow.at(points - step, 1.0))[:, i] for i, step in enumerate(np.eye(2) * 0.01)
        )
        assert np.abs(outward).max() < 1e-6
    assert np.sqrt(np.mean(speeds)) == pytest.approx(10.0, rel=0.15)


def test_the_world_is_larger_than_every_picture_or_smaller() -> None:
    settings = SimulateSettings(frames=50, motion={"drift_um_per_hour": 4.0, "jitter_um": 1.0})
    path = stage_path(settings)
    assert path.shape == (50, 2)
    large = build_world(settings, path)
    assert (large.low_um < path.min(axis=0)).all()
    assert (large.high_um > path.max(axis=0) + 128).all()
    small = build_world(SimulateSettings.model_validate({"cells": {"may_leave": False}}), path)
    assert (small.low_um > path.max(axis=0)).all()
    assert (small.high_um < path.min(axis=0) + 128).all()
