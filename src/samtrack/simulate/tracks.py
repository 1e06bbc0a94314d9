"""From sightings to the truth's tracks, in the Cell Tracking Challenge's sense: no track has a hole.

A cell that leaves and comes back begins a new track, whose parent is its earlier one: a parent with one child is a
re-appearance, one with two children a division.
"""

from __future__ import annotations

import numpy as np

from samtrack.simulate.shapes import Ints


def tracks_of_sightings(frame: Ints, cell: Ints, mother: Ints, reappear_frames: int) -> tuple[Ints, Ints]:
    """Tracks (n, 4) as in ``man_track.txt``, and the track of each sighting (frame, cell).

    ``mother`` names the mother of each cell or -1. A link to the past is kept only over at most ``reappear_frames``
    frames without a sighting.
    """
    order = np.lexsort((frame, cell))
    f, c = frame[order], cell[order]
    begins = np.ones(len(f), dtype=np.bool_)
    begins[1:] = (c[1:] != c[:-1]) | (f[1:] != f[:-1] + 1)
    run = np.cumsum(begins) - 1
    at = np.flatnonzero(begins)
    first, owner = f[at], c[at]
    last = f[np.append(at[1:], len(f)) - 1] if len(f) else f
    past = _past_runs(owner, mother)
    is_near = past >= 0
    is_near[is_near] = first[is_near] - last[past[is_near]] - 1 <= reappear_frames
    number = np.empty(len(first), dtype=np.int64)
    number[np.lexsort((owner, first))] = np.arange(1, len(first) + 1)
    parent = np.zeros(len(first), dtype=np.int64)
    parent[is_near] = number[past[is_near]]
    table = np.stack([number, first, last, parent], axis=1)
    track_of = np.empty(len(frame), dtype=np.int64)
    track_of[order] = number[run]
    return table[np.argsort(number)], track_of


def _past_runs(owner: Ints, mother: Ints) -> Ints:
    """For each run of sightings (sorted by cell, then time) the run before it: the cell's own, or its mother's last."""
    rows = np.arange(len(owner))
    last_run = np.full(len(mother), -1, dtype=np.int64)
    last_run[owner] = rows  # of equal indices the last one is kept
    is_first = np.ones(len(owner), dtype=np.bool_)
    is_first[1:] = owner[1:] != owner[:-1]
    of_mother = np.where(mother[owner] >= 0, last_run[mother[owner]], -1)
    return np.where(is_first, of_mother, rows - 1)
