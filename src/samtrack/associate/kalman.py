"""The strong baseline: a Kalman filter per track and one optimal assignment per frame. No network, no mask, no probability.

After the recipe with which ByoTrack (Reme et al., simple Kalman tracking) led the CTC's Cell Linking Benchmark, written
anew for tables. A cell is expected where its filter left it (Brownian state: no velocity), in micrometres, so z needs no
care of its own. Since noise is the same along all axes, a state's covariance is one variance times the identity: a
number per track.

Left out: the velocity that the original takes from dense flow between 2D images (a table has no pixels), and smoothing
backward in time: it moves no link, and across a gap it gives the straight line on which the stage fill draws anyway.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samtrack.associate.graph import Positions
from samtrack.associate.pairing import Pairs, take_optimally
from samtrack.config.associate import KalmanSettings
from samtrack.types import Detections, Edges, Scale

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Facts = dict[str, int | float]

ENDS = 10
"""A tenth of the frames at either end of a movie tell how the number of cells grows: one frame alone may lack masks."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Standard deviations of a centroid and of a step, and the gate, in micrometres; whether cells divide."""

    detection_um: float
    process_um: float
    gate_um: float
    divides: bool


@dataclass(frozen=True, slots=True)
class States:
    """The living tracks: row of the last detection, expected place (n, ndim) and its variance, frames missed since."""

    last: Ints
    place_um: Floats
    variance: Floats
    missed: Ints

    def take(self, which: npt.NDArray[np.int64] | npt.NDArray[np.bool_]) -> States:
        """Some of the tracks, in the order given."""
        return States(self.last[which], self.place_um[which], self.variance[which], self.missed[which])

    def joined(self, other: States) -> States:
        """These tracks, then the others."""
        return States(
            np.concatenate([self.last, other.last]),
            np.concatenate([self.place_um, other.place_um]),
            np.concatenate([self.variance, other.variance]),
            np.concatenate([self.missed, other.missed]),
        )


def link_by_kalman(detections: Detections, settings: KalmanSettings, positions: Positions) -> tuple[Edges, Facts]:
    """Edges from each frame to the next ones, in one walk over the frames; and what was measured for it."""
    nothing = np.zeros(0, dtype=np.int64)
    if len(detections) == 0:
        return Edges(nothing, nothing), {}
    noise = build_filter(detections, settings, positions)
    row = positions.row  # in this order a frame's detections stand together, whatever their labels
    bounds = np.searchsorted(detections.frame[row], np.arange(detections.frame[-1] + 2))
    states = _born(detections, nothing, noise)
    source, target = [nothing], [nothing]
    for first, stop in pairwise(bounds):
        here = row[first:stop]
        track, found = _assign(detections, states, here, noise)
        mother, daughter = _divide(detections, states, (track, here[found]), here, noise, settings)
        source += [states.last[track], states.last[mother]]
        target += [here[found], daughter]
        states = _next(detections, states, (track, here[found]), here, noise, settings)
        states = states.take(np.argsort(positions.rank[states.last]))
    facts: Facts = {"gate_um": noise.gate_um, "divisions_looked_for": int(noise.divides)}
    return Edges(np.concatenate(source), np.concatenate(target)), facts


def build_filter(detections: Detections, settings: KalmanSettings, positions: Positions) -> Filter:
    """The filter's numbers for a movie: lengths from its mean cell radius and the distance between neighbours."""
    radii_um = Scale((1.0,) * detections.ndim).radius_um(detections.size_um)
    radius_um = float(np.mean(radii_um[positions.row]))  # summed in an order that labels do not change
    near = detections.neighbour_um[np.isfinite(detections.neighbour_um)]
    neighbour_um = float(np.median(near)) if len(near) else 0.0
    return Filter(
        detection_um=settings.detection_radii * radius_um,
        process_um=settings.process_radii * radius_um,
        gate_um=max(settings.gate_radii * radius_um, neighbour_um),
        divides=growth_of(detections) > settings.divide_above_growth,
    )


def growth_of(detections: Detections) -> float:
    """By which share the number of cells grows from the first tenth of the frames to the last (0: not at all)."""
    counts = np.bincount(detections.frame - detections.frame[0])
    n = -(-len(counts) // ENDS)
    return float(counts[-n:].mean() / counts[:n].mean() - 1)


def _born(detections: Detections, rows: Ints, noise: Filter) -> States:
    """Tracks that begin with these detections."""
    return States(
        rows, detections.centroid_um[rows], np.full(len(rows), noise.detection_um**2), np.zeros(len(rows), np.int64)
    )


def _assign(detections: Detections, states: States, here: Ints, noise: Filter) -> tuple[Ints, Ints]:
    """The tracks that go on and the places in ``here`` of their detections: the likeliest steps of all together.

    Steps are Gaussian, so their squares add up. A track without a detection counts as one gate; a link is worth what its
    square is below that.
    """
    track, found, distance = _within(states.place_um, detections.centroid_um[here], noise.gate_um)
    taken = take_optimally(Pairs(track, found, noise.gate_um**2 - distance**2))
    return track[taken], found[taken]


def _divide(
    detections: Detections,
    states: States,
    linked: tuple[Ints, Ints],
    here: Ints,
    noise: Filter,
    settings: KalmanSettings,
) -> tuple[Ints, Ints]:
    """Tracks that divide and the detections that become their second daughters: a second assignment of what is left.

    Daughters of unequal size, or that do not make up the mother together, count as farther: the square is multiplied by
    these ratios.
    """
    nothing = np.zeros(0, dtype=np.int64)
    left = here[~np.isin(here, linked[1])]
    if not noise.divides or len(left) == 0:
        return nothing, nothing
    track, first = linked
    gate_um = settings.division_gate * noise.gate_um
    mother, second, distance = _within(states.place_um[track], detections.centroid_um[left], gate_um)
    size = detections.size_um
    first_size, second_size = size[first[mother]], size[left[second]]
    uneven = _ratio(first_size, second_size) * _ratio(size[states.last[track[mother]]], first_size + second_size)
    taken = take_optimally(Pairs(mother, second, gate_um**2 - distance**2 * uneven))
    return track[mother[taken]], left[second[taken]]


def _next(
    detections: Detections,
    states: States,
    linked: tuple[Ints, Ints],
    here: Ints,
    noise: Filter,
    settings: KalmanSettings,
) -> States:
    """The tracks after a frame: those with a detection corrected by it, those without let go in time, those that begin.

    The variance is that of the place in the next frame: one step more.
    """
    track, found = linked
    before = states.take(track)
    step = noise.process_um**2
    predicted = before.variance + step
    gain = predicted / (predicted + noise.detection_um**2)
    place = before.place_um + gain[:, None] * (detections.centroid_um[found] - before.place_um)
    seen = States(found, place, (1 - gain) * predicted, np.zeros(len(found), np.int64))
    alone = np.ones(len(states.last), dtype=bool)
    alone[track] = False
    unseen = states.take(alone & (states.missed < settings.max_gap_frames))
    unseen = States(unseen.last, unseen.place_um, unseen.variance + step, unseen.missed + 1)
    return seen.joined(unseen).joined(_born(detections, here[~np.isin(here, found)], noise))


def _within(here_um: Floats, there_um: Floats, limit_um: float) -> tuple[Ints, Ints, Floats]:
    """All pairs of points at most ``limit_um`` apart, and their distances."""
    if len(here_um) == 0 or len(there_um) == 0:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64), np.zeros(0)
    trees = (cKDTree(here_um, balanced_tree=False), cKDTree(there_um, balanced_tree=False))
    near = trees[0].sparse_distance_matrix(trees[1], limit_um, output_type="ndarray")
    return near["i"].astype(np.int64), near["j"].astype(np.int64), near["v"]


def _ratio(a: Floats, b: Floats) -> Floats:
    """How many times the larger is the smaller."""
    return np.maximum(a, b) / np.minimum(a, b)
