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
