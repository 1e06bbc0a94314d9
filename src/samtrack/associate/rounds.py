"""Columns that can be decided without a solver, many at once: the best on each of the sides they cover.

The one idea: order all columns by gain (equal gains by their canonical number). A column that comes first among all
that are left on *each* of its sides conflicts only with worse ones. Two such columns never share a side, so all of them
can be taken together, and what they cover removed: a round. `take_best` takes them all; `take_safe` only those that
provably cost nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import NO_SIDE, Columns

Bools = npt.NDArray[np.bool_]

LEAST_PROGRESS = 0.01
"""Share of the columns left (no unit) that a round must decide for another to follow; below it HiGHS is cheaper."""


@dataclass(slots=True)
class _Cover:
    """Which columns cover which side: pairs sorted by side, the best column of a side first."""

    side: npt.NDArray[np.int64]
    column: npt.NDArray[np.int64]

    def keep(self, alive: Bools) -> None:
        """Forget the columns that are decided."""
        kept = alive[self.column]
        self.side, self.column = self.side[kept], self.column[kept]

    def starts(self) -> npt.NDArray[np.int64]:
        """Where each side's pairs begin."""
        return np.flatnonzero(np.diff(self.side, prepend=NO_SIDE - 1))


def cover_of(columns: Columns) -> _Cover:
    """The pairs (side, column), sorted by side, then falling gain, then column."""
    by_gain = np.argsort(-columns.gain, kind="stable")
    sides = columns.sides[by_gain]
    pair = np.flatnonzero(sides.ravel() != NO_SIDE)
    side, column = sides.ravel()[pair], by_gain[pair // sides.shape[1]]
    order = np.argsort(side, kind="stable")
    return _Cover(side[order], column[order])


def take_safe(columns: Columns) -> tuple[Bools, Bools]:
    """Columns of an optimum that can be told at once, and columns still open: (taken, open).

    A column c is taken if its gain is at least the sum, over its sides, of the best *other* gain on that side.
    Proof that this is exact: let S be an optimum without c. The columns of S that conflict with c cover a side of c
    each, and no two of them the same side, so together they gain at most that sum. Exchange them for c: the result is
    a packing that gains no less than S, so some optimum holds c. Given c, all that shares a side with it is out, and
    what remains is a problem of the same kind. Columns taken in one round do not conflict, and removing columns only
    lowers the sums, so taking them together is the same as taking them one after another.
    """
    return _rounds(columns, only_safe=True, least_progress=LEAST_PROGRESS)


def take_best(columns: Columns) -> Bools:
    """Best gain first until nothing is left: the same columns as taking them one by one in order of gain."""
    return _rounds(columns, only_safe=False, least_progress=0.0)[0]


def _rounds(columns: Columns, only_safe: bool, least_progress: float) -> tuple[Bools, Bools]:
    taken = np.zeros(len(columns), dtype=bool)
    alive = np.ones(len(columns), dtype=bool)
    n_covered = np.count_nonzero(columns.sides != NO_SIDE, axis=1)
    cover = cover_of(columns)
    n_left = len(columns)
    while n_left:
        now = _best_everywhere(columns, cover, n_covered, only_safe)
        taken[now] = True
        covered = np.zeros(columns.n_sides, dtype=bool)
        covered[_sides_of(columns, now)] = True
        alive[cover.column[covered[cover.side]]] = False
        cover.keep(alive)
        n_before, n_left = n_left, int(np.count_nonzero(alive))
        if n_before - n_left <= least_progress * n_before:
            break
    return taken, alive


def _best_everywhere(
    columns: Columns, cover: _Cover, n_covered: npt.NDArray[np.int64], only_safe: bool
) -> npt.NDArray[np.int64]:
    """Columns that come first on each of their sides; ``only_safe``: and outweigh the seconds together."""
    starts = cover.starts()
    first = cover.column[starts]
    is_best = np.bincount(first, minlength=len(columns)) == n_covered
    if only_safe:
        stops = np.append(starts[1:], len(cover.side))
        second = np.minimum(starts + 1, len(cover.side) - 1)
        rival = np.where(starts + 1 < stops, columns.gain[cover.column[second]], 0.0)
        is_best &= columns.gain >= np.bincount(first, weights=rival, minlength=len(columns))
    return np.flatnonzero(is_best)


def _sides_of(columns: Columns, which: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    sides = columns.sides[which].ravel()
    return sides[sides != NO_SIDE]
