"""F1 of divisions with a tolerance in frames, as traccuracy defines it.

Unlike BC(i), which compares tracks as the table cuts them, this follows the graph: a division found too early or too
late counts if the mother's line matches at the earlier of the two frames and both daughters' lines are found later.

The numbers equal traccuracy's; that library takes about 4 kB per object and looks at all pairs of divisions, while here
the objects are columns and only pairs within the tolerance are looked at.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from samtrack.evaluate.graph import edges_of
from samtrack.evaluate.match import Ints
from samtrack.evaluate.sides import Bools, MovieMatch, Side


@dataclass(frozen=True, slots=True)
class Lines:
    """The graph of one side, by rows of objects: where each came from (-1: nowhere), and where it goes.

    The successors of row i are ``after[start[i]:start[i + 1]]``; ``partner`` is the one object of the other side that it
    matches alone (-1: none).
    """

    frame: Ints
    before: Ints
    after: Ints
    start: Ints
    partner: Ints

    @property
    def divides(self) -> Bools:
        """Whether an object has two successors or more."""
        return np.diff(self.start) > 1

    def successors(self, row: int) -> list[int]:
        """The objects that one goes on as."""
        return self.after[self.start[row] : self.start[row + 1]].tolist()

    def ancestor(self, row: int, steps: int) -> int:
        """The object so many edges back; -1 if the line begins before."""
        while steps and row >= 0:
            row, steps = int(self.before[row]), steps - 1
        return row

    def descends(self, row: int, ancestor: int) -> bool:
        """Whether an object is another one, or comes from it."""
        while self.frame[row] > self.frame[ancestor] and self.before[row] >= 0:
            row = int(self.before[row])
        return row == ancestor


def score_divisions(movie: MovieMatch, tolerances_frames: Sequence[int]) -> dict[str, float | int | None]:
    """``divF1(i)``, ``divPrecision(i)`` and ``divRecall(i)`` for each tolerance i.

    F1 is None without true divisions. Where none was found it is 0, for which traccuracy itself says NaN.
    """
    true, made = (int(np.count_nonzero(side.n_children > 1)) for side in (movie.truth, movie.result))
    counts = _count_found(movie, max(tolerances_frames, default=0)) if true and made else {}
    values: dict[str, float | int | None] = {}
    for i in tolerances_frames:
        right = counts.get(i, 0)
        values[f"divF1({i})"] = 2 * right / (made + true) if true else None
        values[f"divPrecision({i})"] = right / made if made else None
        values[f"divRecall({i})"] = right / true if true else None
    return values


def _count_found(movie: MovieMatch, largest_tolerance: int) -> dict[int, int]:
    """Divisions found, by tolerance."""
    sole = movie.sole_partner
    back = np.full(len(movie.result.frame), -1, dtype=np.int64)
    back[sole[sole >= 0]] = np.flatnonzero(sole >= 0)
    truth, result = _lines_of(movie.truth, sole), _lines_of(movie.result, back)
    mothers = np.flatnonzero(truth.divides)
    there = truth.partner[mothers]
    is_seen = there >= 0
    is_seen[is_seen] = result.divides[there[is_seen]]
    found = sum(_same_daughters(truth, result, int(mother)) for mother in mothers[is_seen])
    missed = mothers[~is_seen]
    invented = np.setdiff1d(np.flatnonzero(result.divides), there[is_seen])
    counts = {0: found}
    for tolerance in range(1, largest_tolerance + 1):
        pairs = _shifted(truth, result, missed, invented, tolerance)
        missed = np.setdiff1d(missed, [pair[0] for pair in pairs])
        invented = np.setdiff1d(invented, [pair[1] for pair in pairs])
        counts[tolerance] = counts[tolerance - 1] + len(pairs)
    return counts


def _lines_of(side: Side, partner: Ints) -> Lines:
    source, target, _ = edges_of(side)
    order = np.argsort(source, kind="stable")
    before = np.full(len(side.frame), -1, dtype=np.int64)
    before[target] = source
    start = np.searchsorted(source[order], np.arange(len(side.frame) + 1))
    return Lines(side.frame, before, target[order], start, partner)


def _same_daughters(truth: Lines, result: Lines, mother: int) -> bool:
    """Whether just two of the edges out of a true mother are edges out of her partner."""
    others = set(result.successors(int(truth.partner[mother])))
    return sum(int(truth.partner[daughter]) in others for daughter in truth.successors(mother)) == 2


def _shifted(truth: Lines, result: Lines, missed: Ints, invented: Ints, tolerance: int) -> list[tuple[int, int]]:
    """Missed and invented divisions, as pairs of rows, that are one: at most ``tolerance`` frames apart."""
    order = np.argsort(truth.frame[missed], kind="stable")
    at = missed[order]
    low = np.searchsorted(truth.frame[at], result.frame[invented] - tolerance)
    high = np.searchsorted(truth.frame[at], result.frame[invented] + tolerance, side="right")
    pairs: list[tuple[int, int]] = []
    taken: set[int] = set()
    for other, first, stop in zip(invented.tolist(), low.tolist(), high.tolist(), strict=True):
        for mother in at[first:stop].tolist():
            if mother not in taken and _are_one(truth, result, mother, other):
                pairs.append((mother, other))
                taken.add(mother)
                break
    return pairs


def _are_one(truth: Lines, result: Lines, mother: int, other: int) -> bool:
    """Whether a missed and an invented division are one, of which one side sees it later."""
    later = int(truth.frame[mother] - result.frame[other])
    if later == 0:
        return False
    return _is_one(result, truth, other, mother, later) if later > 0 else _is_one(truth, result, mother, other, -later)


def _is_one(early: Lines, late: Lines, first: int, second: int, frames: int) -> bool:
    """Whether a division of one side is the other side's later one.

    The later mother's line must match the earlier mother ``frames`` edges back; and down each line from the earlier one's
    daughters the first object with a partner must have one that descends from there.
    """
    begin = late.ancestor(second, frames)
    if begin < 0 or early.partner[first] != begin:
        return False
    right = 0
    for daughter in early.successors(first):
        line = [daughter]
        while len(line) == 1:
            partner = int(early.partner[line[0]])
            if partner >= 0 and late.descends(partner, begin):
                right += 1
                break
            line = early.successors(line[0])
    return right == 2
