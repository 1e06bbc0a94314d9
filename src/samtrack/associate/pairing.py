"""One-to-one pairs: by falling gain, or with the largest sum of gains. The bipartite case of the packing of ``graph``."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import NO_SIDE, Columns, Kind
from samtrack.associate.ilp import solve_exactly
from samtrack.associate.rounds import take_best

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs that may be taken, each with a gain; ``left`` and ``right`` are canonical numbers, from 0 on each side."""

    left: Ints
    right: Ints
    gain: Floats

    def __len__(self) -> int:
        return len(self.gain)


def take_by_gain(pairs: Pairs) -> Bools:
    """Which pairs are taken by falling gain, no number twice on either side; equal gains in order of the numbers."""
    return _taken(pairs, take_best)


def take_optimally(pairs: Pairs) -> Bools:
    """Which pairs are taken for the largest sum of gains.

    The exact solver of the joint decision, not SciPy's for sparse assignments: the time of this one grows linearly with
    the number of cells (measured up to 50 000), that of the other with its square.
    """
    return _taken(pairs, lambda columns: solve_exactly(columns)[0])


def _taken(pairs: Pairs, solve: Callable[[Columns], Bools]) -> Bools:
    """Solve in canonical order, answer in the order of the pairs."""
    order = np.lexsort((-pairs.gain, pairs.right, pairs.left))
    order = order[pairs.gain[order] > 0]
    n_left, n_right = (int(side.max(initial=-1)) + 1 for side in (pairs.left, pairs.right))
    sides = np.full((len(order), 3), NO_SIDE, dtype=np.int64)
    sides[:, 0], sides[:, 1] = pairs.left[order], n_left + pairs.right[order]
    kind = np.full(len(order), Kind.LINK, dtype=np.int8)
    taken = np.zeros(len(pairs), dtype=bool)
    taken[order[solve(Columns(pairs.gain[order], sides, kind, order, n_left + n_right))]] = True
    return taken
