"""Proposals that only a first decision makes possible: links over long gaps, and divisions with a daughter seen late.

Both join loose ends: a track that ends inside the movie, a track that begins inside it. There are few of them, so a wider
search costs little.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samtrack.config.link import LinkSettings
from samtrack.link.tracklets import NOBODY, Tracklets, rows_by_frame
from samtrack.types import Detections

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NEAREST = 3
"""Loose ends tried per loose beginning and frame: they are sparse, so more are never the right ones."""

MOTHERS = 4
"""Nearest cells of an earlier frame that may be the mother of a cell that begins; as many as daughters are tried."""


def late_links(detections: Detections, t: Tracklets, settings: LinkSettings, gate_um: float) -> tuple[Ints, Ints]:
    """Pairs (source, target) of a track's end and another's beginning more than ``max_gap_frames`` missing frames apart."""
    ends, starts = _loose(detections, t)
    by_frame = dict(rows_by_frame(detections.frame, ends))
    reach = settings.max_gap_frames + settings.long_gap_frames
    pairs = [_NONE]
    for frame, rows in rows_by_frame(detections.frame, starts):
        for gap in range(settings.max_gap_frames + 1, reach + 1):
            before = by_frame.get(frame - 1 - gap)
            if before is not None:
                expected = detections.centroid_um[before] + (gap + 1) * t.field.step_um[before]
                pairs.append(_near(expected, before, detections.centroid_um[rows], rows, (gate_um, NEAREST)))
    found = np.concatenate(pairs)
    return found[:, 0], found[:, 1]


def late_divisions(
    detections: Detections, t: Tracklets, settings: LinkSettings, gate_um: float
) -> tuple[Ints, Ints, Ints]:
    """Mothers with two daughters of which at least one was not seen in the frame after the mother's last.

    A beginning may be the second child of a cell that goes on (to its next detection, the first child), or one of two
    beginnings near a cell that ends.
    """
    ends, starts = _loose(detections, t)
    frame, centre = detections.frame, detections.centroid_um
    every = dict(rows_by_frame(frame, np.arange(len(frame))))
    pairs = [_NONE]
    for time, rows in rows_by_frame(frame, starts):
        for gap in range(settings.max_gap_frames + 1):
            before = every.get(time - 1 - gap)
            if before is not None:
                expected = centre[before] + (gap + 1) * t.field.step_um[before]
                pairs.append(_near(expected, before, centre[rows], rows, (gate_um, MOTHERS)))
    mother, start = np.concatenate(pairs).T
    sibling = t.after[mother]
    goes_on = (sibling != NOBODY) & ~t.divides[mother]
    goes_on[goes_on] &= frame[sibling[goes_on]] <= frame[start[goes_on]] + settings.max_gap_frames
    first = np.stack([mother[goes_on], sibling[goes_on], start[goes_on]], axis=1)
    stops = np.isin(mother, ends)
    second = _pairs_of_starts(mother[stops], start[stops])
    found = np.concatenate([first, second])
    is_late = np.maximum(frame[found[:, 1]], frame[found[:, 2]]) > frame[found[:, 0]] + 1
    found = found[is_late]
    low, high = np.minimum(found[:, 1], found[:, 2]), np.maximum(found[:, 1], found[:, 2])
    found = np.unique(np.stack([found[:, 0], low, high], axis=1), axis=0)
    return found[:, 0], found[:, 1], found[:, 2]


def _loose(detections: Detections, t: Tracklets) -> tuple[Ints, Ints]:
    """Detections that end a track before the movie does, and such as begin one after the movie did."""
    frame = detections.frame
    ends = (t.after == NOBODY) & ~t.divides & (frame < frame.max(initial=0))
    starts = (t.before == NOBODY) & (t.mother == NOBODY) & (frame > frame.min(initial=0))
    return np.flatnonzero(ends & ~t.is_shared), np.flatnonzero(starts & ~t.is_shared)


def _near(expected: Floats, before: Ints, points: Floats, rows: Ints, limits: tuple[float, int]) -> Ints:
    """Pairs (before, row) of the nearest ``limits[1]`` expected places within ``limits[0]`` micrometres of each point."""
    k = min(limits[1], len(before))
    tree = cKDTree(expected, balanced_tree=False)
    distance, near = tree.query(points, k=np.arange(1, k + 1), distance_upper_bound=limits[0])
    of, place = np.nonzero(np.isfinite(distance))
    return np.stack([before[near[of, place]], rows[of]], axis=1)


def _pairs_of_starts(mother: Ints, start: Ints) -> Ints:
    """All (mother, start, start) with two different starts near the same mother."""
    order = np.lexsort((start, mother))
    mother, start = mother[order], start[order]
    found = [np.zeros((0, 3), dtype=np.int64)]
    for step in range(1, 2 * MOTHERS):
        same = np.flatnonzero(mother[step:] == mother[:-step])
        if len(same) == 0:
            break
        found.append(np.stack([mother[same], start[same], start[same + step]], axis=1))
    return np.concatenate(found)


_NONE = np.zeros((0, 2), dtype=np.int64)
