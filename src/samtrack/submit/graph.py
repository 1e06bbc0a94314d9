"""From the final table to the graph of cells: who comes from whom, and how sure the link is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.types import TrackGraph

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Said:
    """What was decided of pairs of detections, as (frame, label): the earlier, the later, and the probability."""

    source_frame: Ints
    source_label: Ints
    target_frame: Ints
    target_label: Ints
    score: Floats


def track_graph(track: Ints, frame: Ints, parent: Ints, label: Ints, said: Iterable[Said]) -> TrackGraph:
    """The graph of a table sorted by (track, frame).

    ``label`` is the detection of a row in its frame, 0 where a mask was drawn; the edges into drawn masks have the
    probability of the link that spans them. A parent without rows is no parent. ``said`` is taken one by one.
    """
    n = len(track)
    is_first = np.r_[True, np.diff(track) != 0][:n]
    first = np.flatnonzero(is_first)
    last = np.r_[first[1:], n][: len(first)] - 1
    size = int(max(track.max(initial=0), parent.max(initial=0))) + 1
    last_of = np.full(size, -1, dtype=np.int64)
    last_of[track[last]] = last

    before = np.arange(n) - 1
    before[first] = np.where(parent[first] > 0, last_of[parent[first]], -1)
    probability = _probability(is_first, before, frame, label, said)
    parent_of = np.arange(size)  # the first of its line: itself
    has_parent = before[first] >= 0
    parent_of[track[first[has_parent]]] = parent[first[has_parent]]
    n_children = np.bincount(parent_of[parent_of != np.arange(size)], minlength=size)
    is_only = n_children[parent_of] == 1  # a lone child is the same cell, so far as the graph goes
    tracklet = _roots(np.where(is_only, parent_of, np.arange(size)))[track]
    return TrackGraph(before, probability, tracklet, _roots(parent_of)[track])


def lineages_of(parent: Ints) -> Ints:
    """The first ancestor of each of the tracks 1..n, itself where it has no parent."""
    own = np.arange(len(parent) + 1)
    return _roots(np.where(np.r_[0, parent] > 0, np.r_[0, parent], own))[1:]


def _roots(parent_of: Ints) -> Ints:
    """The founder of each, where founders are their own parents; jumps double, so long lines take few rounds."""
    while not np.array_equal(further := parent_of[parent_of], parent_of):
        parent_of = further
    return parent_of


def _probability(
    is_first: npt.NDArray[np.bool_], before: Ints, frame: Ints, label: Ints, said: Iterable[Said]
) -> Floats:
    """The probability of the edge into each row."""
    n = len(label)
    seen = label > 0
    rows = np.where(seen, np.arange(n), -1)
    start = np.maximum.accumulate(np.where(is_first, np.arange(n), 0)) if n else rows
    latest = np.maximum.accumulate(rows) if n else rows
    latest[latest < start] = -1  # the last detection of the track up to each row, else that of its parent
    mother = before[start]
    latest = np.where((latest < 0) & (mother >= 0), latest[mother], latest)
    previous = np.where(before >= 0, latest[before], -1)
    del rows, latest, mother  # of millions of cells each takes its share

    into = np.full(n, np.nan)
    order = np.flatnonzero(seen)
    span = int(label.max(initial=0)) + 1
    order = order[np.argsort(frame[order] * span + label[order])]
    keys = frame[order] * span + label[order]
    for pairs in said:
        source = _rows_of(pairs.source_frame, pairs.source_label, keys, order, span)
        target = _rows_of(pairs.target_frame, pairs.target_label, keys, order, span)
        known = (source >= 0) & (target >= 0)
        known[known] = previous[target[known]] == source[known]
        into[target[known]] = pairs.score[known]
    del keys, order, previous

    after = np.where(seen, np.arange(n), n)
    after = np.minimum.accumulate(after[::-1])[::-1] if n else after  # the next detection, of whatever track
    reached = after < n
    reached[reached] = start[after[reached]] == start[reached]
    found = np.full(n, np.nan)
    found[reached] = into[after[reached]]
    found[before < 0] = np.nan
    return found


def _rows_of(frame: Ints, label: Ints, keys: Ints, order: Ints, span: int) -> Ints:
    """Row of each (frame, label); -1 where the table has no such detection."""
    wanted = frame * span + label
    at = np.searchsorted(keys, wanted)
    found = (at < len(keys)) & (label < span)
    found[found] = keys[at[found]] == wanted[found]
    rows = np.full(len(wanted), -1, dtype=np.int64)
    rows[found] = order[at[found]]
    return rows
