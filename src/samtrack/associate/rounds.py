"""Columns that can be decided without a solver, many at once: rounds over what is left.

The one idea: order all columns by gain (equal gains by their canonical number). A column that comes first among all
that are left on *each* of its sides conflicts only with worse ones. Two such columns never share a side, so all of them
can be taken together, and what they cover removed: a round. `take_best` takes them all; `take_safe` only those that
provably cost nothing, and throws away those that provably never help.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import NO_SIDE, Columns

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

LEAST_PROGRESS = 0.01
"""Share of the columns left (no unit) that a round must decide for another to follow; below it HiGHS is cheaper."""


@dataclass(slots=True)
class _Cover:
    """Which columns cover which side: pairs sorted by side, the best column of a side first."""

    side: Ints
    column: Ints

    def keep(self, alive: Bools) -> None:
        """Forget the columns that are decided."""
        kept = alive[self.column]
        self.side, self.column = self.side[kept], self.column[kept]

    def starts(self) -> Ints:
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


def take_best(columns: Columns) -> Bools:
    """Best gain first until nothing is left: the same columns as taking them one by one in order of gain."""
    taken, alive = np.zeros(len(columns), dtype=bool), np.ones(len(columns), dtype=bool)
    cover, n_sides = cover_of(columns), _number_of_sides(columns)
    while len(cover.side):
        now = np.flatnonzero(_is_first_everywhere(cover, n_sides))
        taken[now] = True
        alive &= ~_is_blocked(columns, cover, now)
        cover.keep(alive)
    return taken


def take_safe(columns: Columns, known: Bools | None = None) -> tuple[Bools, Bools]:
    """Columns of an optimum that can be told at once, and columns still open: (taken, open).

    ``known`` marks the sides all of whose columns are here (None: all sides). A side that is not known may have a rival of
    any gain, so it decides nothing, and what is decided holds for the whole problem.

    Let rival(c, s) be the best *other* gain on side s, for a column c that covers s.

    Take c if gain(c) >= the sum of rival(c, s) over its sides. Proof: let S be an optimum without c. The columns of S
    that conflict with c cover a side of c each, and no two of them the same side, so together they gain at most that
    sum. Exchange them for c: a packing that gains no less, so some optimum holds c. Given c, all that shares a side
    with it is out, and what remains is a problem of the same kind; removing columns only lowers rivals, so the columns
    taken in one round (which share no side) may be taken together.

    Drop d if on one of its sides s there is a column c with gain(c) - (sum of rival(c, .) over the other sides of c)
    > gain(d). Proof: in a packing with d, exchange d (which holds s) and whatever holds the other sides of c for c:
    the packing gains more. So no optimum holds d, and all such columns may be dropped together.
    """
    taken, alive = np.zeros(len(columns), dtype=bool), np.ones(len(columns), dtype=bool)
    cover, n_sides = cover_of(columns), _number_of_sides(columns)
    n_left = len(columns)
    while n_left:
        rival = rivals_of(columns, cover)
        if known is not None:
            rival[~known[cover.side]] = np.inf
        total = np.asarray(np.bincount(cover.column, weights=rival, minlength=len(columns)), dtype=np.float64)
        now = np.flatnonzero(_is_first_everywhere(cover, n_sides) & (columns.gain >= total))
        taken[now] = True
        alive &= ~_is_blocked(columns, cover, now)
        alive[_hopeless(columns, cover, rival, total)] = False
        alive[now] = False
        cover.keep(alive)
        n_before, n_left = n_left, int(np.count_nonzero(alive))
        if n_before - n_left <= LEAST_PROGRESS * n_before:
            break
    return taken, alive


def _number_of_sides(columns: Columns) -> Ints:
    return np.count_nonzero(columns.sides != NO_SIDE, axis=1)


def _is_first_everywhere(cover: _Cover, n_sides: Ints) -> Bools:
    """Columns that come first on each of their sides."""
    return np.bincount(cover.column[cover.starts()], minlength=len(n_sides)) == n_sides


def _is_blocked(columns: Columns, cover: _Cover, now: Ints) -> Bools:
    """Columns that share a side with a column taken now; those columns themselves included."""
    covered = np.zeros(columns.n_sides + 1, dtype=bool)
    covered[columns.sides[now]] = True  # the padding, -1, marks the spare last place
    blocked = np.zeros(len(columns), dtype=bool)
    blocked[cover.column[covered[cover.side]]] = True
    return blocked


def rivals_of(columns: Columns, cover: _Cover) -> Floats:
    """Of each pair: the best gain of another column on that side, 0 without any."""
    starts = cover.starts()
    sizes = np.diff(starts, append=len(cover.side))
    gain = columns.gain[cover.column]
    rival = np.repeat(gain[starts], sizes)
    rival[starts] = np.where(sizes > 1, gain[np.minimum(starts + 1, len(gain) - 1)], 0.0)
    return rival


def _hopeless(columns: Columns, cover: _Cover, rival: Floats, total: Floats) -> Ints:
    """Columns whose side another column would take with more gain, whatever that one displaces elsewhere."""
    starts = cover.starts()
    gain = columns.gain[cover.column]
    displaced = np.full(len(gain), np.inf)
    np.subtract(total[cover.column], rival, out=displaced, where=np.isfinite(rival))
    net = gain - displaced
    best = np.maximum.reduceat(net, starts)
    # a column never beats itself: its net gain is at most its gain
    return cover.column[np.repeat(best, np.diff(starts, append=len(gain))) > gain]
