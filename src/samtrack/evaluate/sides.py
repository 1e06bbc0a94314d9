"""Truth and result of a whole movie as columns: objects, tracks, and which object matches which.

A table of tracks need not agree with its masks. Measures are taken on what the masks show, so a table that says
something else is put right here, and every such correction is told as a fault; a table without faults stays as it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.evaluate.match import FrameMatch, Ints

Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Side:
    """The truth or the result: objects as (frame, track) sorted so, and tracks as rows sorted by label.

    ``track`` and ``parent`` are row numbers of the tracks (parent -1: none); ``last`` is inclusive.
    """

    frame: Ints
    track: Ints
    label: Ints
    first: Ints
    last: Ints
    parent: Ints

    @property
    def n_tracks(self) -> int:
        """Number of tracks; each has at least one object."""
        return len(self.label)

    @property
    def table(self) -> Ints:
        """The tracks as a CTC table: label, first frame, last frame, parent label."""
        parent = np.where(self.parent >= 0, self.label[self.parent], 0) if self.n_tracks else self.parent
        return np.stack([self.label, self.first, self.last, parent], axis=1)

    @property
    def n_children(self) -> Ints:
        """Number of children of each track."""
        return np.bincount(self.parent[self.parent >= 0], minlength=self.n_tracks)

    @property
    def in_track_order(self) -> Ints:
        """The objects' rows sorted by (track, frame)."""
        return np.lexsort((self.frame, self.track))

    def rows_of(self, frame: Ints, track: Ints) -> Ints:
        """Row of the object of each (frame, track); -1 where there is none."""
        keys, wanted = self.frame * self.n_tracks + self.track, frame * self.n_tracks + track
        at = np.searchsorted(keys, wanted)
        found = at < len(keys)
        found[found] = keys[at[found]] == wanted[found]
        return np.where(found, at, -1)


@dataclass(frozen=True, slots=True)
class MovieMatch:
    """Both sides of a movie; ``partner``: for each truth object the row of the result object that matches it, or -1."""

    n_frames: int
    truth: Side
    result: Side
    partner: Ints

    @property
    def n_partners(self) -> Ints:
        """For each result object, the number of truth objects that it matches."""
        return np.bincount(self.partner[self.partner >= 0], minlength=len(self.result.frame))

    @property
    def sole_partner(self) -> Ints:
        """Like ``partner``, but -1 also where the result object matches other truth objects too."""
        sole = self.partner >= 0
        sole[sole] = self.n_partners[self.partner[sole]] == 1
        return np.where(sole, self.partner, -1)


def join_frames(
    frames: Sequence[FrameMatch], truth_table: Ints, result_table: Ints
) -> tuple[MovieMatch, list[str], list[str]]:
    """The matches of all frames as one; also the faults of the truth's table and of the result's."""
    truth, truth_faults = _side([match.truth for match in frames], truth_table)
    result, result_faults = _side([match.result for match in frames], result_table)
    partner = np.full(len(truth.frame), -1, dtype=np.int64)
    at_truth = at_result = 0
    for match in frames:
        rows = at_truth + np.searchsorted(match.truth, match.matched_truth)
        partner[rows] = at_result + np.searchsorted(match.result, match.matched_result)
        at_truth, at_result = at_truth + len(match.truth), at_result + len(match.result)
    return MovieMatch(len(frames), truth, result, partner), truth_faults, result_faults


def _side(labels: Sequence[Ints], table: Ints) -> tuple[Side, list[str]]:
    frame = np.repeat(np.arange(len(labels)), [len(x) for x in labels]).astype(np.int64)
    label = np.concatenate([*labels, np.zeros(0, dtype=np.int64)])
    present, track = np.unique(label, return_inverse=True)
    order = np.lexsort((frame, track))
    count = np.bincount(track, minlength=len(present))
    stop = np.cumsum(count)
    first, last = frame[order][stop - count], frame[order][stop - 1]

    listed, row = np.unique(table[:, 0], return_index=True)
    is_listed = np.isin(present, listed)
    known = table[row[np.searchsorted(listed, present[is_listed])]]
    moved = (known[:, 1] != first[is_listed]) | (known[:, 2] != last[is_listed])
    faults = [
        *_fault(table[np.setdiff1d(np.arange(len(table)), row), 0], "listed more than once"),
        *_fault(np.setdiff1d(listed, present), "listed but in no mask"),
        *_fault(present[~is_listed], "in the masks but not listed"),
        *_fault(known[moved, 0], "with another first or last frame than in the masks"),
        *_fault(present[count != last - first + 1], "absent in a frame between their first and last"),
    ]
    named = np.zeros(len(present), dtype=np.int64)
    named[is_listed] = known[:, 3]
    parent, parent_faults = _parents(present, first, last, named)
    return Side(frame, track, present, first, last, parent), faults + parent_faults


def _parents(label: Ints, first: Ints, last: Ints, named: Ints) -> tuple[Ints, list[str]]:
    """Row of each track's parent, where the parent is there and ends before the child starts."""
    parent = np.full(len(label), -1, dtype=np.int64)
    there = np.isin(named, label)
    parent[there] = np.searchsorted(label, named[there])
    late = there & (last[parent] >= first)
    parent[late] = -1
    faults = _fault(label[(named != 0) & ~there], "whose parent does not exist")
    return parent, faults + _fault(label[late], "that start before their parent ended")


def _fault(labels: Ints, what: str) -> list[str]:
    if len(labels) == 0:
        return []
    return [f"{len(labels)} label{'s' if len(labels) > 1 else ''} {what} (the first: {int(labels[0])})"]
