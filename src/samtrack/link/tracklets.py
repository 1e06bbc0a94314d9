"""What a first decision tells of each cell: its past and its future, and how its neighbourhood moves.

The first judgement of a link sees two frames. Once tracks are drawn, every detection has a history and a fate, and the links
that were chosen are a far better motion field than matches between two frames. All of it is columns over the detections.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.link.cells import Cells, split_by_frame
from samtrack.link.motion import MIN_MATCHES, UNKNOWN_SCATTER, local_step
from samtrack.types import Detections, Divisions, Links, Merges

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

NOBODY = -1
"""Row where a detection has no past or no future."""

SPAN = 3
"""Detections of a track that are looked at on each side: evidence over 3 frames, after which cells have changed anyway."""

LONG = 5
"""Detections after which a tracklet counts as long: debris seldom lives that long."""


@dataclass(frozen=True, slots=True)
class FirstDecision:
    """What was chosen of the links and of the divisions, and the chosen merges: their cells go on beyond a shared mask."""

    links: Bools
    divisions: Bools
    shared: Merges


@dataclass(frozen=True, slots=True)
class MotionField:
    """How the neighbourhood of each detection moves, from the links of the decision; a cell's own link never counts.

    ``step_um`` leads to the next frame, ``step_in_um`` came from the one before, ``shift_um`` is the step of all cells.
    ``scatter_um`` is how far the neighbours are from agreeing. ``own_in_um`` and ``own_out_um`` are the cell's own last and
    next step beyond its neighbourhood's (NaN: unknown).
    """

    step_um: Floats
    step_in_um: Floats
    shift_um: Floats
    scatter_um: Floats
    own_in_um: Floats
    own_out_um: Floats


@dataclass(frozen=True, slots=True)
class Tracklets:
    """The first decision as columns over the detections; rows name detections, ``NOBODY`` none."""

    before: Ints
    after: Ints
    mother: Ints
    divides: Bools
    is_shared: Bools
    """Masks that two cells share: no track of their own, hence no loose ends."""
    past: Ints
    """(n, SPAN): the detection itself and those before it on its track."""
    future: Ints
    lived: Floats
    """Detections of the track up to this one, at most `LONG`; as many if the movie begins earlier than that."""
    lives: Floats
    age: Floats
    """Frames since the cell was born of a division, NaN if unknown."""
    loss_rate: float
    """Log odds that a cell inside the picture is missing from the next frame."""
    start_rate: float
    """Log odds that a cell inside the picture begins without a past; more of them than losses are divisions not seen."""
    division_rate: float
    """Log odds that a cell divides before the next frame."""
    field: MotionField


def read_tracklets(
    detections: Detections, links: Links, divisions: Divisions, chosen: FirstDecision, radius_um: float
) -> Tracklets:
    """The tracklets of a decision."""
    n, shared = len(detections), chosen.shared
    source = np.concatenate([links.source[chosen.links], shared.before_a, shared.before_b])
    target = np.concatenate([links.target[chosen.links], shared.after_a, shared.after_b])
    before, after, mother = (np.full(n, NOBODY, dtype=np.int64) for _ in range(3))
    after[source], before[target] = target, source
    divides = np.zeros(n, dtype=np.bool_)
    divided = divisions.mother[chosen.divisions]
    divides[divided] = True
    for daughters in (divisions.daughter_a, divisions.daughter_b):
        mother[daughters[chosen.divisions]] = divided
    frames = detections.frame
    rates = _rates(detections, (before, after, mother), divides, radius_um)
    return Tracklets(
        before=before,
        after=after,
        mother=mother,
        divides=divides,
        is_shared=np.isin(np.arange(n), shared.shared),
        past=_walk(before, SPAN),
        future=_walk(after, SPAN),
        lived=_length(before, frames == frames.min(initial=0)),
        lives=_length(after, frames == frames.max(initial=0)),
        age=_age(before, mother, frames),
        loss_rate=rates[0],
        start_rate=rates[1],
        division_rate=rates[2],
        field=_motion_field(detections, before, after, radius_um),
    )


def mean_over(rows: Ints, values: Floats) -> Floats:
    """Mean of a column over the detections of each row of ``rows`` (n, SPAN); NaN where nothing is known."""
    known = (rows != NOBODY) & np.isfinite(values[rows])
    total = np.where(known, values[rows], 0.0).sum(axis=1)
    count = known.sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _walk(step: Ints, n_steps: int) -> Ints:
    """The detection itself and the next ones along ``step``, (n, n_steps)."""
    rows = [np.arange(len(step))]
    for _ in range(n_steps - 1):
        here = rows[-1]
        rows.append(np.where(here == NOBODY, NOBODY, step[here]))
    return np.stack(rows, axis=1)


def _length(step: Ints, is_at_end: Bools) -> Floats:
    """Detections along ``step``, this one included, up to `LONG`; `LONG` where the movie ends first."""
    walk = _walk(step, LONG)
    count = (walk != NOBODY).sum(axis=1).astype(np.float64)
    meets_end = ((walk != NOBODY) & is_at_end[walk]).any(axis=1)
    return np.where(meets_end, float(LONG), count)


def _age(before: Ints, mother: Ints, frame: Ints) -> Floats:
    """Frames since the birth of each cell, by going back along its track in doubling steps."""
    first = np.where(before == NOBODY, np.arange(len(before)), before)
    while True:
        further = first[first]
        if np.array_equal(further, first):
            break
        first = further
    return np.where(mother[first] != NOBODY, (frame - frame[first]).astype(np.float64), np.nan)


def _rates(
    detections: Detections, steps: tuple[Ints, Ints, Ints], divides: Bools, radius_um: float
) -> tuple[float, float, float]:
    """How often cells are lost, begin and divide, as log odds; one event in a hundred cells is presumed."""
    before, after, mother = steps
    frame = detections.frame
    inside = detections.border_um > 2 * radius_um
    not_last, not_first = frame < frame.max(initial=0), frame > frame.min(initial=0)
    has = after != NOBODY
    skips = np.zeros(len(frame), dtype=np.bool_)
    skips[has] = frame[after[has]] > frame[has] + 1
    lost = inside & not_last & ((~has & ~divides) | skips)
    begins = inside & not_first & (before == NOBODY) & (mother == NOBODY)
    return (
        _log_rate(lost, inside & not_last),
        _log_rate(begins, inside & not_first),
        _log_rate(divides, not_last),
    )


def _log_rate(event: Bools, among: Bools) -> float:
    n, k = float(np.count_nonzero(among)), float(np.count_nonzero(event))
    return float(np.log((k + 1) / (n - k + 100)))


def _motion_field(detections: Detections, before: Ints, after: Ints, radius_um: float) -> MotionField:
    """Steps of the neighbourhoods from the links of the decision, frame pair by frame pair."""
    n, ndim = len(detections), detections.ndim
    frames = np.unique(detections.frame)
    cells = split_by_frame(detections, [int(t) for t in frames])
    step, step_in, shift = np.zeros((n, ndim)), np.zeros((n, ndim)), np.zeros((n, ndim))
    scatter = np.full(n, UNKNOWN_SCATTER * radius_um)
    centre = detections.centroid_um
    for t in frames[:-1].tolist():
        here, there = cells[t], cells.get(t + 1)
        if there is None:
            continue
        a = np.flatnonzero((after[here.row] != NOBODY) & (detections.frame[after[here.row]] == t + 1))
        if len(a) == 0:
            continue
        rows = here.row[a]
        moved = centre[after[rows]] - centre[rows]
        common = np.median(moved, axis=0)
        shift[here.row] = common
        step[here.row], scatter[here.row] = _neighbours_step(here, a, moved, common, radius_um)
        # the same steps once more, in the order of the cells that they lead to
        b = np.flatnonzero((before[there.row] != NOBODY) & (detections.frame[before[there.row]] == t))
        rows = there.row[b]
        step_in[there.row] = _neighbours_step(there, b, centre[rows] - centre[before[rows]], common, radius_um)[0]
    own_in, own_out = np.full((n, ndim), np.nan), np.full((n, ndim), np.nan)
    rows = np.flatnonzero(after != NOBODY)
    rows = rows[detections.frame[after[rows]] == detections.frame[rows] + 1]
    own_out[rows] = centre[after[rows]] - centre[rows] - step[rows]
    own_in[after[rows]] = own_out[rows]
    return MotionField(step, step_in, shift, scatter, own_in, own_out)


def _neighbours_step(
    cells: Cells, linked: Ints, moved: Floats, shift: Floats, radius_um: float
) -> tuple[Floats, Floats]:
    """Step of each cell's neighbourhood and its scatter, given the steps of the linked cells."""
    if len(linked) < MIN_MATCHES:
        n = len(cells)
        return np.tile(shift, (n, 1)), np.full(n, UNKNOWN_SCATTER * radius_um)
    return local_step(cells.centre_um, linked, moved, shift, radius_um)


def carried_um(field: MotionField, frame: Ints, source: Ints, target: Ints) -> Floats:
    """How far the surroundings move between source and target, (n, ndim): seen from both ends, and between them on average.

    For each frame pair in the middle the common shift is added, and what the neighbourhoods at both ends do beyond it.
    """
    steps = (frame[target] - frame[source])[:, None]
    ends = field.step_um[source] + field.step_in_um[target]
    first = _shift_by_frame(field, frame)
    run = np.concatenate([np.zeros((1, first.shape[1])), np.cumsum(first, axis=0)])
    base = int(frame.min(initial=0))
    # shifts of the frame pairs strictly between the first and the last step
    middle = run[np.maximum(frame[target] - 1 - base, 0)] - run[frame[source] + 1 - base]
    local = (ends - first[frame[source] - base] - first[np.maximum(frame[target] - 1 - base, 0)]) / 2
    far = ends + middle + local * (steps - 2)
    return np.where(steps == 1, ends / 2, far)


def _shift_by_frame(field: MotionField, frame: Ints) -> Floats:
    """Common shift from each frame to the next one, (frames, ndim), from the first frame that holds cells."""
    base = int(frame.min(initial=0))
    table = np.zeros((int(frame.max(initial=0)) - base + 2, field.shift_um.shape[1]))
    table[frame - base] = field.shift_um
    return table


def rows_by_frame(frame: Ints, rows: Ints) -> Sequence[tuple[int, Ints]]:
    """The given rows of each frame that holds some, in order of time."""
    if len(rows) == 0:
        return []
    order = rows[np.argsort(frame[rows], kind="stable")]
    times, starts = np.unique(frame[order], return_index=True)
    return list(zip(times.tolist(), np.split(order, starts[1:]), strict=True))
