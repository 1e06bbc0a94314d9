"""How much hangs on a decision: what the explanation of the movie would lose without it.

The exact loss takes a solve per column. A bound needs none: whatever is taken in place of a column lies on its sides, at
most one other column on each, so the best explanation without the column is worse by at least its gain less the best other
gain of each of its sides (the exchange of `rounds.take_safe`). Where that is negative it says nothing, and 0 is given.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import NO_SIDE, Columns

Floats = npt.NDArray[np.float64]


def least_losses(columns: Columns) -> Floats:
    """For each column the least that an optimum with it loses without it, in nats."""
    places = [(place, np.flatnonzero(side != NO_SIDE)) for place, side in enumerate(columns.sides.T)]
    best, second = np.zeros(columns.n_sides), np.zeros(columns.n_sides)
    n_best = np.zeros(columns.n_sides, dtype=np.int64)
    for place, rows in places:
        np.maximum.at(best, columns.sides[rows, place], columns.gain[rows])
    for place, rows in places:
        side = columns.sides[rows, place]
        is_best = columns.gain[rows] == best[side]
        n_best += np.bincount(side[is_best], minlength=columns.n_sides)
        np.maximum.at(second, side[~is_best], columns.gain[rows[~is_best]])
    rivals = np.zeros(len(columns))
    for place, rows in places:
        side = columns.sides[rows, place]
        is_only_best = (columns.gain[rows] == best[side]) & (n_best[side] == 1)
        rivals[rows] += np.where(is_only_best, second[side], best[side])
    return np.maximum(columns.gain - rivals, 0.0)
