"""The living cells of one moment, and what happens to them between two frames: growth, division, death.

A `Population` is columns over the cells alive; every function returns a new one. Sizes are relative to a typical full-grown
cell; times are frames. A mother rounds up and condenses for some frames, is long in her last one (anaphase), and then two
daughters of about half her size stand where she was, flat across the axis on which they part, and grow.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.shapes import Floats, Ints

INHERITED = 0.7
"""Correlation of a daughter's size, brightness and speed with her mother's; sister cells are much alike."""

GROWTH_SHARE = 0.25
"""Time in which a daughter makes up 63 % of her missing size, as a share of the cycle; nuclei swell early."""

WAVES = 5
"""Waves on a cell's surface: enough for a handful of dents and bumps."""

ANAPHASE_ELONGATION = 1.75
"""Length over width in the mother's last frame, when her halves begin to part."""

NEWBORN_ELONGATION = 0.75
"""Length along the division axis over width of a newborn daughter: flat, as the plate of chromosomes is."""

DEAD_SIZE = 0.35
"""Relative size in which a dying cell ends; a pyknotic nucleus is shrunk to about a third."""

CROWDED = 0.8
"""Share of the world filled by cells above which no further cell enters division (contact inhibition)."""


@dataclass(frozen=True, slots=True)
class Population:
    """All cells alive in one frame."""

    cell: Ints
    """Number of the cell in the whole movie, from 0 in order of birth."""
    centre_um: Floats
    velocity: Floats
    """Own velocity of the random walk, micrometres per hour (n, d)."""
    kick_um: Floats
    """Displacement of the coming frame that drives sisters apart (n, d)."""
    axes: Floats
    age: Floats
    cycle: Floats
    """Age at which the cell enters division; infinite if it never does."""
    to_split: Ints
    """Frames until it is two, this one included; 0: not dividing."""
    to_death: Ints
    """Frames until it is gone, this one included; 0: not dying."""
    newborn: Floats
    """1 just after birth, fading within half the time of a mitosis."""
    birth_size: Floats
    full_size: Floats
    brightness: Floats
    speed: Floats
    elongation: Floats
    wave: Floats
    height: Floats
    phase: Floats
    rate: Floats
    """Change of the phase per frame."""
    is_visible: npt.NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.cell)

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The given rows."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def joined(self, other: Self) -> Self:
        """These rows, then the other's."""
        return type(self)(
            **{f.name: np.concatenate([getattr(self, f.name), getattr(other, f.name)]) for f in fields(self)}
        )

    @property
    def size(self) -> Floats:
        """Relative size by growth alone."""
        missing = np.exp(-self.age / np.where(np.isfinite(self.cycle), GROWTH_SHARE * self.cycle, 1.0))
        return self.full_size - (self.full_size - self.birth_size) * missing


@dataclass(frozen=True, slots=True)
class Clock:
    """The recipe's times in frames."""

    mitosis: int
    dying: int
    cycle: float
    death_chance: float
    rounding: float
    """How much of the rounding up is seen, 0 to 1."""

    @classmethod
    def of(cls, settings: SimulateSettings) -> Clock:
        """The times of a recipe."""
        cells, minutes = settings.cells, settings.minutes_per_frame
        mitosis = max(2, round(cells.mitosis_minutes / minutes))
        return cls(
            mitosis=mitosis,
            dying=2 * mitosis,
            cycle=np.inf if cells.cycle_hours is None else max(cells.cycle_hours * 60 / minutes, mitosis + 1.0),
            death_chance=min(1.0, cells.death_per_hour * minutes / 60),
            rounding=cells.mitotic_rounding,
        )


def condensation(cells: Population, clock: Clock) -> Floats:
    """How far rounded up and condensed each cell is, 0 to 1: rising before a division, fading after."""
    rising = (clock.mitosis - cells.to_split + 1) / max(clock.mitosis - 1, 1)
    return clock.rounding * np.maximum(np.where(cells.to_split > 0, np.minimum(rising, 1.0), 0.0), cells.newborn)


def dying(cells: Population, clock: Clock) -> Floats:
    """How far each cell is on its way to death, 0 to 1."""
    return np.where(cells.to_death > 0, (clock.dying - cells.to_death + 1) / clock.dying, 0.0)


def elongation_now(cells: Population, clock: Clock) -> Floats:
    """Length over width as it is now, with the division's changes."""
    target = np.where(cells.to_split == 1, ANAPHASE_ELONGATION, np.where(cells.newborn > 0.02, NEWBORN_ELONGATION, 1.0))
    round_up = np.maximum(condensation(cells, clock), dying(cells, clock))
    return np.exp((1 - round_up) * np.log(cells.elongation) + round_up * np.log(target))


def first_population(settings: SimulateSettings, centres_um: Floats, rng: np.random.Generator) -> Population:
    """The cells of the first frame, at all ages of a growing culture."""
    n, ndim = centres_um.shape
    clock = Clock.of(settings)
    traits = _draw_traits(settings, n, ndim, rng)
    # ages of an exponentially growing culture: twice as many newborns as cells about to divide
    age = -np.log2(1 - rng.random(n) / 2) * (traits["cycle"] if np.isfinite(clock.cycle) else np.full(n, 100.0))
    return Population(
        cell=np.arange(n),
        centre_um=centres_um,
        velocity=rng.standard_normal((n, ndim)) * settings.motion.speed_um_per_hour / np.sqrt(ndim),
        kick_um=np.zeros((n, ndim)),
        axes=_random_axes(n, ndim, rng),
        age=age,
        to_split=np.zeros(n, dtype=np.int64),
        to_death=np.zeros(n, dtype=np.int64),
        newborn=np.zeros(n),
        birth_size=0.5 * traits["full_size"],
        is_visible=np.zeros(n, dtype=np.bool_),
        **traits,
    )


def _draw_traits(
    settings: SimulateSettings, n: int, ndim: int, rng: np.random.Generator, mothers: Population | None = None
) -> dict[str, Floats]:
    """What a cell keeps for life; daughters take after their mothers."""
    cells, clock = settings.cells, Clock.of(settings)

    def drawn(spread: float, inherited: Floats | None) -> Floats:
        fresh = spread * rng.standard_normal(n)
        if inherited is not None:
            fresh = INHERITED * np.log(inherited) + np.sqrt(1 - INHERITED**2) * fresh
        return np.asarray(np.exp(fresh))

    directions = rng.standard_normal((n, WAVES, ndim))
    directions /= np.linalg.norm(directions, axis=-1, keepdims=True)
    heights = np.clip(np.abs(rng.standard_normal((n, WAVES))), 0.2, 2.0)
    return {
        "full_size": drawn(ndim * cells.diameter_spread, mothers.full_size if mothers else None),
        "brightness": drawn(cells.brightness_spread, mothers.brightness if mothers else None),
        "speed": drawn(settings.motion.speed_spread, mothers.speed if mothers else None),
        "elongation": np.maximum(cells.elongation * np.exp(cells.elongation_spread * rng.standard_normal(n)), 1.0),
        "cycle": clock.cycle * np.exp(cells.cycle_spread * rng.standard_normal(n)),
        "wave": directions * rng.uniform(1.5, 4.0, (n, WAVES, 1)),
        "height": heights * cells.irregularity / np.sqrt(WAVES) * 1.4,
        "phase": rng.uniform(0, 2 * np.pi, (n, WAVES)),
        "rate": rng.normal(0, 0.15, (n, WAVES)),
    }


def _random_axes(n: int, ndim: int, rng: np.random.Generator) -> Floats:
    """Uniformly random right-angled axes (n, d, d)."""
    return np.asarray(np.linalg.qr(rng.standard_normal((n, ndim, ndim)))[0])


def live_on(
    cells: Population, settings: SimulateSettings, is_crowded: bool, rng: np.random.Generator
) -> tuple[Population, Population, Ints]:
    """One frame of life: who stays, the daughters born (sisters side by side), and the daughters' mothers (cells)."""
    clock = Clock.of(settings)
    mothers = cells.take(cells.to_split == 1)
    stay = cells.take((cells.to_split != 1) & (cells.to_death != 1))
    to_split = np.maximum(stay.to_split - 1, 0)
    to_death = np.maximum(stay.to_death - 1, 0)
    age = stay.age + 1
    free = (to_split == 0) & (to_death == 0)
    enters = free & (age >= stay.cycle) & (not is_crowded)
    dies = (rng.random(len(stay)) < clock.death_chance) & free & ~enters & (stay.newborn < 0.02)
    fade = np.exp(-2.0 / clock.mitosis)
    stay = replace(
        stay,
        age=age,
        to_split=np.where(enters, clock.mitosis, to_split),
        to_death=np.where(dies, clock.dying, to_death),
        newborn=np.where(stay.newborn < 0.02, 0.0, stay.newborn * fade),
        phase=stay.phase + stay.rate,
        kick_um=stay.kick_um * 0.5,
    )
    return stay, _daughters(mothers, settings, rng), np.repeat(mothers.cell, 2)


def _daughters(mothers: Population, settings: SimulateSettings, rng: np.random.Generator) -> Population:
    """Two cells for each mother, on opposite sides of her centre along her long axis; numbered later."""
    n, ndim = mothers.centre_um.shape
    recipe = settings.cells
    twice = mothers.take(np.repeat(np.arange(n), 2))
    side = np.tile([1.0, -1.0], n)
    share = np.repeat(0.5 + recipe.daughters_asymmetry * np.clip(rng.standard_normal(n), -3, 3), 2)
    size = twice.size * np.where(side > 0, share, 1 - share) * recipe.daughters_size
    radius_um = recipe.diameter_um / 2 * twice.size[:, None] ** (1 / ndim)
    apart = np.full(n, recipe.daughters_apart)
    axis = mothers.axes[:, 0]
    if recipe.daughters_apart_spread:
        apart = apart * np.exp(recipe.daughters_apart_spread * rng.standard_normal(n))
    if recipe.daughters_turn:
        axis = axis + recipe.daughters_turn * rng.standard_normal(axis.shape) / np.sqrt(max(ndim - 1, 1))
        axis = axis / np.linalg.norm(axis, axis=1, keepdims=True)
    outward = side[:, None] * np.repeat(axis, 2, axis=0)
    traits = _draw_traits(settings, 2 * n, ndim, rng, twice)
    return replace(
        twice,
        centre_um=twice.centre_um + np.repeat(apart, 2)[:, None] * radius_um * outward,
        velocity=twice.velocity * 0.5,
        kick_um=0.2 * radius_um * outward,
        age=np.zeros(2 * n),
        to_split=np.zeros(2 * n, dtype=np.int64),
        newborn=np.ones(2 * n),
        birth_size=size,
        is_visible=np.zeros(2 * n, dtype=np.bool_),
        **{**traits, "full_size": np.maximum(traits["full_size"], size)},
    )
