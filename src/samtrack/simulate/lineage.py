"""The life of all cells over all frames: who is born of whom, where each is, what form it has, whether it can be seen.

The only part of a movie that is computed in order and kept in memory, as one small table per frame; pictures are made from
it frame by frame. A cell *can be seen* when its anchor, the picture's voxel nearest to its centre, lies well inside its body
and deeper in it than in any other. The truth lists exactly the cells seen, and their anchors make sure of at least a voxel.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt
from scipy.special import gamma

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate import population as life
from samtrack.simulate.motion import (
    Flow,
    World,
    advance,
    build_world,
    make_room,
    place_cells,
    stage_path,
    touching_pairs,
)
from samtrack.simulate.population import Clock, Population
from samtrack.simulate.randomness import Stream, generator
from samtrack.simulate.shapes import Bodies, Floats, Grid, Ints, depth_at
from samtrack.simulate.tracks import tracks_of_sightings

ENTER_DEPTH = 0.35
"""A cell at the picture's edge is seen once its anchor lies this deep: about a fifth of it is inside then."""

LEAVE_DEPTH = 0.15
"""It is lost once its anchor lies less deep; the two differ so that a cell on the edge does not flicker."""

ROUNDING = {"nuclei": 0.35, "phase": 0.4, "dic": 0.3}
"""Share of its size in the picture that a cell loses while it is rounded up: chromatin condenses, spread cells let go."""


@dataclass(frozen=True, slots=True)
class CellsInFrame:
    """What is drawn of one frame; a row per living cell, in order of birth, in the picture's coordinates."""

    cell: Ints
    bodies: Bodies
    brightness: Floats
    condensed: Floats
    """0 to 1: rounded up for a division."""
    parting: Floats
    """1 in a mother's last frame, when her halves part; else 0."""
    dying: Floats
    """0 to 1: from the first sign of death to the last frame."""
    track: Ints
    """The truth's track, or 0 where the cell cannot be seen."""
    anchor: Ints
    """(n, d): the picture's voxel nearest to the centre."""
    origin_um: Floats
    """(d,): where the picture's first voxel lies in the dish."""

    def near(self, grid: Grid) -> CellsInFrame:
        """The cells that reach into a grid."""
        low = -np.asarray(grid.rim_px) * grid.voxel_um
        high = low + np.asarray(grid.shape) * grid.voxel_um
        centre, reach = self.bodies.centre_um, self.bodies.reach_um
        rows = np.flatnonzero(((centre + reach > low) & (centre - reach < high)).all(axis=1))
        columns = {f.name: getattr(self, f.name)[rows] for f in fields(self) if f.name not in ("bodies", "origin_um")}
        return CellsInFrame(bodies=self.bodies.take(rows), origin_um=self.origin_um, **columns)


@dataclass(frozen=True, slots=True)
class Lineage:
    """All frames' cells, and the truth as in a CTC ``man_track.txt`` (n, 4): track, first frame, last frame, parent."""

    frames: tuple[CellsInFrame, ...]
    tracks: Ints
    mother: Ints
    """Mother of each cell, -1 for the cells of the first frame; she need not have been seen."""


def simulate_lineage(settings: SimulateSettings) -> Lineage:
    """Let the cells of a recipe live through all frames."""
    path_um = stage_path(settings)
    world = build_world(settings, path_um)
    flow = Flow.drawn(settings, world)
    rng = generator(settings.seed, Stream.LINEAGE)
    cells = life.first_population(settings, place_cells(settings, world, rng), rng)
    cells = replace(cells, centre_um=make_room(_bodies(cells, settings), world, rounds=60))
    mother = [np.full(len(cells), -1, dtype=np.int64)]
    frames, grid = [], picture_grid(settings)
    for frame in range(settings.frames):
        if frame:
            cells, born_of = _next_frame(cells, settings, world, flow, frame, rng, sum(map(len, mother)))
            mother.append(born_of)
        seen = _snapshot(cells, settings, path_um[frame])
        cells = replace(cells, is_visible=seen.track > 0)
        frames.append(seen.near(grid))
    return _with_tracks(frames, np.concatenate(mother), settings.reappear_frames)


def picture_grid(settings: SimulateSettings) -> Grid:
    """The picture with a rim as wide as light from outside reaches."""
    imaging, voxel_um = settings.imaging, settings.scale.voxel_um
    wide = max(3 * imaging.blur_um, settings.cells.diameter_um)
    rim = [max(3 * imaging.blur_z_um, settings.cells.diameter_um / 2), wide, wide][-len(voxel_um) :]
    return Grid.around(settings.shape_px, voxel_um, rim)


def _next_frame(
    cells: Population,
    settings: SimulateSettings,
    world: World,
    flow: Flow,
    frame: int,
    rng: np.random.Generator,
    n_cells: int,
) -> tuple[Population, Ints]:
    """The cells of the next frame and the mothers of those born in it."""
    unit = _size_of_radius(settings.cells.diameter_um / 2, len(settings.shape_px))
    is_crowded = float(cells.size.sum()) * unit > life.CROWDED * world.size
    stay, born, mothers = life.live_on(cells, settings, is_crowded, rng)
    born = replace(born, cell=n_cells + np.arange(len(born)))
    hours = frame * settings.minutes_per_frame / 60
    moved = advance(stay.joined(born), settings, flow, hours, rng)
    centre = make_room(_bodies(moved, settings), world)
    return replace(moved, centre_um=centre, velocity=world.inward(centre, moved.velocity)), mothers


def _size_of_radius(radius_um: float, ndim: int) -> float:
    return float(np.pi * radius_um**2 if ndim == 2 else 4 / 3 * np.pi * radius_um**3)


def _bodies(cells: Population, settings: SimulateSettings) -> Bodies:
    """The form of each cell as its life has it now."""
    ndim, clock = len(settings.shape_px), Clock.of(settings)
    condensed, fading = life.condensation(cells, clock), life.dying(cells, clock)
    size = cells.size * (1 - ROUNDING[settings.kind] * condensed) * (1 - (1 - life.DEAD_SIZE) * fading)
    size = size * (1 + settings.cells.mitotic_swelling * (cells.to_split == 1))
    elongation = life.elongation_now(cells, clock)
    pointed = settings.cells.pointedness * (1 - np.maximum(condensed, fading)) if ndim == 2 else np.zeros(len(cells))
    power = 2 - 0.7 * pointed
    # pointed ends take area away: 4 a b Γ(1+1/p)²/Γ(1+2/p) instead of π a b
    area = 4 * gamma(1 + 1 / power) ** 2 / gamma(1 + 2 / power)
    radius = settings.cells.diameter_um / 2 * size ** (1 / ndim) * np.sqrt(np.pi / area)
    width = radius * elongation ** (-1 / ndim)
    semi = np.repeat(width[:, None], ndim, axis=1)
    semi[:, 0] *= elongation
    calm = 1 - 0.7 * np.maximum(condensed, fading)
    return Bodies(cells.centre_um, cells.axes, semi, power, cells.wave, cells.height * calm[:, None], cells.phase)


def _snapshot(cells: Population, settings: SimulateSettings, origin_um: Floats) -> CellsInFrame:
    """The cells that reach into the picture's surroundings; track is 1 where a cell is seen, until tracks are known."""
    bodies = _bodies(replace(cells, centre_um=cells.centre_um - origin_um), settings)
    voxel_um = settings.scale.voxel_um
    last = np.asarray(settings.shape_px) - 1
    anchor = np.clip(np.rint(bodies.centre_um / voxel_um).astype(np.int64), 0, last)
    clock = Clock.of(settings)
    seen = _can_be_seen(bodies, anchor * voxel_um, cells.is_visible)
    return CellsInFrame(
        cell=cells.cell,
        bodies=bodies,
        brightness=cells.brightness,
        condensed=life.condensation(cells, clock),
        parting=clock.rounding * (cells.to_split == 1),
        dying=life.dying(cells, clock),
        track=seen.astype(np.int64),
        anchor=anchor,
        origin_um=origin_um,
    )


def _can_be_seen(bodies: Bodies, anchor_um: Floats, was_seen: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Whether each anchor lies deep enough in its own body, and deeper than in any other."""
    rows = np.arange(len(bodies))
    own = depth_at(bodies, rows, anchor_um)
    seen = own >= np.where(was_seen, LEAVE_DEPTH, ENTER_DEPTH)
    pairs = touching_pairs(bodies.centre_um, np.linalg.norm(bodies.reach_um, axis=1))
    pairs = np.concatenate([pairs, pairs[:, ::-1]])
    pairs = pairs[seen[pairs[:, 0]]]
    mine, other = pairs.T
    rival = depth_at(bodies, other, anchor_um[mine])
    beaten = (rival > own[mine]) | ((rival == own[mine]) & (other < mine))
    seen[mine[beaten]] = False
    return seen


def _with_tracks(frames: list[CellsInFrame], mother: Ints, reappear_frames: int) -> Lineage:
    """Number the tracks of the cells seen, and write them into the frames."""
    counts = [int(np.count_nonzero(f.track)) for f in frames]
    frame = np.repeat(np.arange(len(frames)), counts)
    cell = np.concatenate([f.cell[f.track > 0] for f in frames])
    tracks, track_of = tracks_of_sightings(frame, cell, mother, reappear_frames)
    numbered = []
    for seen, part in zip(frames, np.split(track_of, np.cumsum(counts)[:-1]), strict=True):
        track = np.zeros(len(seen.cell), dtype=np.int64)
        track[seen.track > 0] = part
        numbered.append(replace(seen, track=track))
    return Lineage(tuple(numbered), tracks, mother)
