from dataclasses import replace

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.population import (
    Clock,
    Population,
    condensation,
    dying,
    elongation_now,
    first_population,
    live_on,
)

SETTINGS = SimulateSettings(cells={"cycle_hours": 10.0, "cycle_spread": 0.0, "death_per_hour": 0.0})


def rng() -> np.random.Generator:
    return np.random.default_rng(1)


def one_cell(settings: SimulateSettings = SETTINGS, **columns: float) -> Population:
    cell = first_population(settings, np.full((1, 2), 50.0), rng())
    return replace(cell, **{k: np.array([v], dtype=getattr(cell, k).dtype) for k, v in columns.items()})


def test_times_become_frames() -> None:
    clock = Clock.of(SimulateSettings(minutes_per_frame=15.0, cells={"cycle_hours": 10.0, "mitosis_minutes": 60.0}))
    assert (clock.mitosis, clock.dying, clock.cycle) == (4, 8, 40)
    slow = Clock.of(SimulateSettings(minutes_per_frame=240.0, cells={"cycle_hours": 10.0}))
    assert slow.mitosis == 2, "a mother is seen round, and long, whatever the interval"
    assert slow.cycle == 3
    assert Clock.of(SimulateSettings(cells={"cycle_hours": None})).cycle == np.inf


def test_a_cell_rounds_up_grows_long_and_becomes_two() -> None:
    clock = Clock.of(SETTINGS)
    cells = one_cell(age=clock.cycle - 1)
    assert condensation(cells, clock) == 0
    seen = []
    for _ in range(clock.mitosis):
        cells, born, _ = live_on(cells, SETTINGS, False, rng())
        seen.append((condensation(cells, clock)[0], elongation_now(cells, clock)[0]))
        assert len(born) == 0
    assert [c for c, _ in seen] == pytest.approx([0.5, 1.0, 1.0])
    assert seen[1][1] == pytest.approx(1.0)
    assert seen[2][1] == pytest.approx(1.75)
    mother = cells
    stay, born, mothers = live_on(cells, SETTINGS, False, rng())
    assert len(stay) == 0
    assert mothers.tolist() == [0, 0]
    assert born.size.sum() == pytest.approx(mother.size[0])
    assert born.centre_um.mean(axis=0) == pytest.approx([50, 50])
    assert elongation_now(born, clock) == pytest.approx([0.75, 0.75])


def test_no_cell_divides_in_a_crowd_but_one_that_has_begun_goes_on() -> None:
    ready, begun = one_cell(age=500.0), one_cell(age=500.0, to_split=1)
    stay, born, _ = live_on(ready, SETTINGS, True, rng())
    assert stay.to_split.tolist() == [0]
    assert len(born) == 0
    assert len(live_on(begun, SETTINGS, True, rng())[1]) == 2


def test_a_dying_cell_shrinks_and_is_gone() -> None:
    settings = SimulateSettings(cells={"death_per_hour": 0.999}, minutes_per_frame=60.0)
    clock, cells, shares = Clock.of(settings), one_cell(settings, age=20.0, cycle=1e9), []
    for _ in range(clock.dying + 30):
        if cells.to_death.any():
            shares.append(float(dying(cells, clock)[0]))
        cells, born, _ = live_on(cells, settings, False, np.random.default_rng(len(shares)))
        assert len(born) == 0
        if len(cells) == 0:
            break
    assert len(cells) == 0
    assert shares == pytest.approx(np.arange(1, clock.dying + 1) / clock.dying)


def test_ages_are_those_of_a_growing_culture() -> None:
    cells = first_population(SETTINGS, np.zeros((20_000, 2)), rng())
    share = cells.age / Clock.of(SETTINGS).cycle
    assert share.max() <= 1
    assert (share < 0.5).mean() == pytest.approx(2 - np.sqrt(2), abs=0.01)


def test_daughters_take_after_their_mother() -> None:
    settings = SimulateSettings(cells={"brightness_spread": 0.5})
    cells = first_population(settings, np.zeros((4000, 2)), rng())
    cells = replace(cells, to_split=np.ones(4000, dtype=np.int64))
    _, born, mothers = live_on(cells, settings, False, rng())
    like = np.corrcoef(np.log(born.brightness), np.log(cells.brightness[mothers]))[0, 1]
    assert like == pytest.approx(0.7, abs=0.03)
    assert np.log(born.brightness).std() == pytest.approx(0.5, rel=0.05)


def born_of_many(**cells: float) -> tuple[Population, Population]:
    """Four thousand mothers far apart in their last frame, and their daughters, sisters side by side."""
    settings = SimulateSettings(cells=cells)
    mothers = first_population(settings, np.arange(8000.0).reshape(4000, 2) * 100, rng())
    mothers = replace(mothers, to_split=np.ones(4000, dtype=np.int64))
    return mothers, live_on(mothers, settings, False, rng())[1]


def parting(mothers: Population, born: Population, diameter_um: float) -> tuple[np.ndarray, np.ndarray]:
    """Distance of the first daughter from the mother's centre in the mother's radii, and the angle to her long axis."""
    step = born.centre_um[::2] - mothers.centre_um
    assert step == pytest.approx(mothers.centre_um - born.centre_um[1::2], abs=1e-6), "on opposite sides"
    far = np.linalg.norm(step, axis=1)
    along = np.abs(np.sum(step * mothers.axes[:, 0], axis=1)) / far
    return far / (diameter_um / 2 * np.sqrt(mothers.size)), np.arccos(np.clip(along, 0, 1))


@pytest.mark.parametrize("apart", [0.66, 1.5])
def test_daughters_begin_as_far_apart_as_told(apart: float) -> None:
    mothers, born = born_of_many(diameter_um=10.0, daughters_apart=apart)
    far, angle = parting(mothers, born, 10.0)
    assert far == pytest.approx(apart)
    assert angle == pytest.approx(0, abs=1e-5)


def test_daughters_are_not_always_as_far_apart() -> None:
    far, _ = parting(*born_of_many(diameter_um=10.0, daughters_apart=0.8, daughters_apart_spread=0.3), 10.0)
    assert np.log(far).std() == pytest.approx(0.3, rel=0.05)
    assert np.median(far) == pytest.approx(0.8, rel=0.05)


def test_daughters_part_at_an_angle() -> None:
    far, angle = parting(*born_of_many(diameter_um=10.0, daughters_turn=0.3), 10.0)
    assert far == pytest.approx(0.66)
    assert 0.1 < np.median(angle) < 0.3
    _, wide = parting(*born_of_many(diameter_um=10.0, daughters_turn=1.0), 10.0)
    assert np.median(wide) > 2 * np.median(angle)


@pytest.mark.parametrize("size", [0.6, 1.0, 1.6])
def test_both_daughters_together_are_as_large_as_told(size: float) -> None:
    mothers, born = born_of_many(daughters_size=size)
    assert born.size.reshape(-1, 2).sum(axis=1) == pytest.approx(size * mothers.size)


def test_one_daughter_is_larger() -> None:
    for spread in (0.0, 0.03, 0.1):
        mothers, born = born_of_many(daughters_asymmetry=spread)
        share = born.size[::2] / mothers.size
        assert share.mean() == pytest.approx(0.5, abs=0.01)
        assert share.std() == pytest.approx(spread, rel=0.05, abs=1e-12)


def test_nothing_is_seen_of_a_mother_that_does_not_round_up() -> None:
    settings = SimulateSettings(cells={"mitotic_rounding": 0.0, "elongation": 1.4})
    clock = Clock.of(settings)
    for left in range(clock.mitosis + 1):
        cell = one_cell(settings, to_split=left)
        assert condensation(cell, clock) == 0
        assert elongation_now(cell, clock) == pytest.approx(cell.elongation)
    half = Clock.of(SimulateSettings(cells={"mitotic_rounding": 0.5}))
    assert condensation(one_cell(to_split=1), half) == pytest.approx(0.5)
