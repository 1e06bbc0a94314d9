"""The greedy decision: best gain first. Fast and local, kept for comparison with the optimum."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import Columns
from samtrack.associate.rounds import take_best

Facts = dict[str, int | float]


def solve_greedy(columns: Columns) -> tuple[npt.NDArray[np.bool_], Facts]:
    """Which columns are chosen by taking the best one left, again and again; equal gains in canonical order."""
    return take_best(columns), {}
