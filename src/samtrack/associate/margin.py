"""How much hangs on a decision: what the explanation of the movie would lose without it.

The exact loss takes a solve per column. A bound needs none: whatever is taken in place of a column lies on its sides, at
most one other column on each, so the best explanation without the column is worse by at least its gain less the best other
gain of each of its sides (the exchange of `rounds.take_safe`). Where that is negative it says nothing, and 0 is given.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import Columns
from samtrack.associate.rounds import cover_of, rivals_of

Floats = npt.NDArray[np.float64]


def least_losses(columns: Columns) -> Floats:
    """For each column the least that an optimum with it loses without it, in nats."""
    cover = cover_of(columns)
    rival = np.bincount(cover.column, weights=rivals_of(columns, cover), minlength=len(columns))
    return np.maximum(columns.gain - rival, 0.0)
