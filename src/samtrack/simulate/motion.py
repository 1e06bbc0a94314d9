"""How cells move: a flow that neighbours share, a random walk of their own, and room that they make for each other.

Positions are micrometres in the dish, not in the picture: the stage moves the picture over the dish.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import cKDTree

from samtrack.config.simulate import SimulateSettings
from samtrack.errors import SettingsError
from samtrack.simulate.population import Clock, Population, condensation, dying
from samtrack.simulate.randomness import Stream, generator
from samtrack.simulate.shapes import Bodies, Floats, Ints

FLOW_WAVES = 4
"""Waves that make up the flow: few, so that it is smooth."""

FLOW_TURN_PER_HOUR = 0.4
"""Typical change of a wave's phase, radians per hour: the flow changes over about half a working day."""

Z_DRIFT_SHARE = 0.3
"""Drift and jitter along z relative to y and x: focus is held better than place."""

CONTACT = 0.92
"""Distance at which two bodies push each other away, relative to that at which their surfaces touch: cells that are
pressed together share a face of some length, as in a confluent layer."""

RELAXATIONS = 12
"""Rounds of pushing per frame; a crowded field has settled to within a few hundredths of a radius after ten."""

MOST_STEP = 0.25
"""Largest push per round, in radii, so that crowded cells do not jump over each other."""


@dataclass(frozen=True, slots=True)
class World:
    """The part of the dish that is simulated, in micrometres: cells turn back at its walls."""

    low_um: Floats
    high_um: Floats

    @property
    def size(self) -> float:
        """Area or volume."""
        return float(np.prod(self.high_um - self.low_um))

    def inward(self, centre_um: Floats, velocity: Floats) -> Floats:
        """Velocities (n, d) of cells that turned back where they stand at a wall."""
        turned = np.where(centre_um <= self.low_um, np.abs(velocity), velocity)
        return np.where(centre_um >= self.high_um, -np.abs(turned), turned)


def stage_path(settings: SimulateSettings) -> Floats:
    """Place of the picture's first voxel in the dish in each frame, (frames, d) micrometres; drift and jitter."""
    rng = generator(settings.seed, Stream.STAGE)
    ndim = len(settings.shape_px)
    weight = np.array([Z_DRIFT_SHARE, 1.0, 1.0])[-ndim:]
    heading = rng.standard_normal(ndim) * weight
    hours = np.arange(settings.frames)[:, None] * settings.minutes_per_frame / 60
    drift = hours * settings.motion.drift_um_per_hour * heading / np.linalg.norm(heading)
    return drift + settings.motion.jitter_um * weight * rng.standard_normal((settings.frames, ndim))


def build_world(settings: SimulateSettings, path_um: Floats) -> World:
    """Larger than all pictures where cells may leave, else smaller than each of them."""
    size_um = np.asarray(settings.shape_px) * settings.scale.voxel_um
    diameter = settings.cells.diameter_um
    if settings.cells.may_leave:
        margin = np.array([0.6, 2.0, 2.0])[-len(size_um) :] * diameter
        return World(path_um.min(axis=0) - margin, path_um.max(axis=0) + size_um + margin)
    margin = np.full(len(size_um), 0.7 * diameter)
    world = World(path_um.max(axis=0) + margin, path_um.min(axis=0) + size_um - margin)
    if np.any(world.high_um <= world.low_um):
        raise SettingsError(
            f"simulate: cells.may_leave is false, but a picture of {size_um.round(1).tolist()} µm that drifts over "
            f"{np.ptp(path_um, axis=0).round(1).tolist()} µm keeps no room for cells of {diameter} µm. Enlarge shape_px, "
            "lower motion.drift_um_per_hour, or set cells.may_leave: true."
        )
    return world


@dataclass(frozen=True, slots=True)
class Flow:
    """A smooth velocity field without sources: a few slowly turning waves, each moving across its own direction."""

    wave: Floats
    velocity: Floats
    phase: Floats
    turn: Floats

    @classmethod
    def drawn(cls, settings: SimulateSettings, world: World) -> Flow:
        """The flow of a recipe."""
        rng = generator(settings.seed, Stream.FLOW)
        ndim = len(world.low_um)
        lengths = float(np.max(world.high_um - world.low_um)) * rng.uniform(0.6, 1.8, (FLOW_WAVES, 1))
        along = np.linalg.qr(rng.standard_normal((FLOW_WAVES, ndim, ndim)))[0]
        strength = settings.motion.flow_um_per_hour * np.sqrt(2 / FLOW_WAVES)
        return cls(
            wave=2 * np.pi / lengths * along[:, 0],
            velocity=strength * along[:, 1],
            phase=rng.uniform(0, 2 * np.pi, FLOW_WAVES),
            turn=rng.normal(0, FLOW_TURN_PER_HOUR, FLOW_WAVES),
        )

    def at(self, points_um: Floats, hours: float) -> Floats:
        """Velocity at each point (n, d), micrometres per hour."""
        return np.asarray(np.cos(points_um @ self.wave.T + self.phase + self.turn * hours) @ self.velocity)


def advance(
    cells: Population, settings: SimulateSettings, flow: Flow, hours: float, rng: np.random.Generator
) -> Population:
    """Own motion and flow of one frame; dividing and dying cells hold still. Long axes turn into the motion."""
    motion, clock = settings.motion, Clock.of(settings)
    ndim = cells.centre_um.shape[1]
    step_hours = settings.minutes_per_frame / 60
    memory = np.exp(-settings.minutes_per_frame / motion.persistence_minutes)
    noise = rng.standard_normal(cells.velocity.shape) * motion.speed_um_per_hour / np.sqrt(ndim)
    velocity = memory * cells.velocity + np.sqrt(1 - memory**2) * noise
    active = (1 - np.maximum(condensation(cells, clock), dying(cells, clock))) * cells.speed
    moved = (velocity * active[:, None] + flow.at(cells.centre_um, hours)) * step_hours + cells.kick_um
    turned = cells.axes[:, 0] + 0.05 * rng.standard_normal(velocity.shape)
    heading = velocity / np.maximum(np.linalg.norm(velocity, axis=1, keepdims=True), 1e-9)
    sign = np.where((heading * turned).sum(axis=1) < 0, -1.0, 1.0)
    turned += (motion.alignment * sign * (cells.to_split == 0))[:, None] * heading
    return replace(cells, centre_um=cells.centre_um + moved, velocity=velocity, axes=_turn(cells.axes, turned))


def _turn(axes: Floats, long_axis: Floats) -> Floats:
    """Right-angled axes whose first is ``long_axis`` and whose others stay as near as they can to what they were."""
    turned = axes.copy()
    for i in range(axes.shape[1]):
        row = long_axis.copy() if i == 0 else axes[:, i].copy()
        for j in range(i):
            row -= (row * turned[:, j]).sum(axis=1, keepdims=True) * turned[:, j]
        turned[:, i] = row / np.linalg.norm(row, axis=1, keepdims=True)
    return turned


def touching_pairs(centre_um: Floats, reach_um: Floats) -> Ints:
    """Pairs of rows (m, 2) whose balls of radius ``reach_um`` overlap, sorted."""
    if len(centre_um) < 2:
        return np.zeros((0, 2), dtype=np.int64)
    pairs = cKDTree(centre_um).query_pairs(2 * float(reach_um.max()), output_type="ndarray").astype(np.int64)
    gap = np.linalg.norm(centre_um[pairs[:, 0]] - centre_um[pairs[:, 1]], axis=1)
    pairs = pairs[gap < reach_um[pairs[:, 0]] + reach_um[pairs[:, 1]]]
    return pairs[np.lexsort(pairs.T[::-1])]


def make_room(bodies: Bodies, world: World, rounds: int = RELAXATIONS) -> Floats:
    """Centres (n, d) after the bodies have pushed each other apart and back inside the world's walls."""
    centre = bodies.centre_um.copy()
    length, width = bodies.semi_um[:, 0], bodies.semi_um[:, 1]
    reach = np.maximum(length, width)
    for i in range(rounds):
        if i % 3 == 0:  # neighbours change slowly: looking for them anew each round would cost more than it brings
            pairs = touching_pairs(centre, reach * 1.2)
        first, second = pairs.T
        apart = centre[second] - centre[first]
        gap = np.maximum(np.linalg.norm(apart, axis=1), 1e-6)
        toward = apart / gap[:, None]
        contact = sum(_extent(bodies.axes[rows, 0], length[rows], width[rows], toward) for rows in (first, second))
        push = np.clip(CONTACT * contact - gap, 0, None)
        push = np.minimum(push, MOST_STEP * np.minimum(reach[first], reach[second]))[:, None] * toward / 2
        for axis in range(centre.shape[1]):
            centre[:, axis] += np.bincount(second, push[:, axis], len(centre))
            centre[:, axis] -= np.bincount(first, push[:, axis], len(centre))
        centre = np.clip(centre, world.low_um, world.high_um)
    return centre


def _extent(long_axis: Floats, length: Floats, width: Floats, toward: Floats) -> Floats:
    """Distance from a spheroid's centre to its surface in a direction."""
    cosine = (long_axis * toward).sum(axis=1)
    return np.asarray(1 / np.sqrt((cosine / length) ** 2 + (1 - np.minimum(cosine**2, 1)) / width**2))


def place_cells(settings: SimulateSettings, world: World, rng: np.random.Generator) -> Floats:
    """Centres of the first cells (n, d): as many per area in the whole world as asked for in the picture."""
    ndim = len(settings.shape_px)
    picture_um = np.asarray(settings.shape_px) * settings.scale.voxel_um
    share = world.size / float(np.prod(picture_um)) if settings.cells.may_leave else 1.0
    n = round(settings.n_cells * share)
    span = world.high_um - world.low_um
    centres = world.low_um + span * rng.random((n, ndim))
    is_clustered = rng.random(n) < settings.cells.clustered
    heads = world.low_um + span * rng.random((max(1, n // 8), ndim))
    head = heads[rng.integers(0, len(heads), n)]
    around = head + rng.standard_normal((n, ndim)) * settings.cells.diameter_um * 1.5
    return np.clip(np.where(is_clustered[:, None], around, centres), world.low_um, world.high_um)
