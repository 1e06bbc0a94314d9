"""The optimal decision, exactly: reductions, then components, then HiGHS for what is left, window by window (`windows`).

After the exact reductions of `rounds` only small knots of conflicting columns remain. Their linear relaxation is solved
for many components per call; where its solution is whole it is the optimum (in a component of links alone it
always is: a bipartite matching). The few components with a fractional solution are solved as integer programs, one by one.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix, csc_matrix
from scipy.sparse.csgraph import connected_components

from samtrack.associate.graph import NO_SIDE, Columns
from samtrack.associate.rounds import take_safe
from samtrack.associate.windows import touches_unknown, windows_of
from samtrack.errors import PlanError

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Facts = dict[str, int | float]

BATCH_COLUMNS = 4096
"""Columns of one call of the solver: so many that a call's own cost is small, so few that the simplex stays linear."""

WHOLE = 1e-6
"""How far from 0 or 1 a value may be and still count as whole (no unit); HiGHS's own tolerance for integers."""


def solve_exactly(columns: Columns) -> tuple[Bools, Facts]:
    """Which columns an optimal packing chooses, and facts about how it was found."""
    chosen = np.zeros(len(columns), dtype=np.bool_)
    sizes: list[Ints] = []
    n_fractional = n_windows = 0
    for window in windows_of(columns):
        part = columns.take(window.rows)
        taken, still_open = take_safe(part, window.known)
        chosen[window.rows[taken]] = True
        rest = np.flatnonzero(still_open)
        component = components_of(part.take(rest))
        waits = np.unique(component[touches_unknown(part.take(rest), window.known)])
        is_ready = ~np.isin(component, waits)
        window.carried = window.rows[rest[~is_ready]]
        ready = rest[is_ready]
        best, size, fractional = _solve_components(part.take(ready), component[is_ready])
        chosen[window.rows[ready[best]]] = True
        sizes.append(size)
        n_fractional += fractional
        n_windows += 1
    size = np.concatenate(sizes)
    _require_packing(columns, chosen)
    return chosen, {
        "columns_decided_by_reduction": len(columns) - int(size.sum()),
        "components": len(size),
        "largest_component": int(size.max(initial=0)),
        "components_fractional": n_fractional,
        "windows": n_windows,
    }


def _solve_components(columns: Columns, component: Ints) -> tuple[Bools, Ints, int]:
    """What the optima of whole components choose, how large the components are, how many were fractional."""
    # columns of one component side by side, components in the order of their first column
    order = np.argsort(component, kind="stable")
    component = component[order]
    sizes = np.unique(component, return_counts=True)[1]
    chosen, n_fractional = np.zeros(len(columns), dtype=np.bool_), 0
    for batch in _batches(sizes):
        some = order[batch]
        values = _solve_with_highs(columns.take(some), whole=False)
        for piece in _fractional(values, component[batch]):
            values[piece] = _solve_with_highs(columns.take(some[piece]), whole=True)
            n_fractional += 1
        chosen[some[values > 0.5]] = True
    return chosen, sizes, n_fractional


def components_of(columns: Columns) -> Ints:
    """Component of each column: columns share one if a chain of shared sides joins them. Numbered by first column."""
    if len(columns) == 0:
        return np.zeros(0, dtype=np.int64)
    used, side = np.unique(columns.sides, return_inverse=True)
    side = side.reshape(columns.sides.shape)
    start, stop = np.repeat(side[:, 0], columns.sides.shape[1] - 1), side[:, 1:].ravel()
    real = used[stop] != NO_SIDE
    edges = coo_matrix((np.ones(np.count_nonzero(real), dtype=bool), (start[real], stop[real])), shape=(len(used),) * 2)
    label = connected_components(edges, directed=False)[1][side[:, 0]]
    _, first, inverse = np.unique(label, return_index=True, return_inverse=True)
    number = np.empty(len(first), dtype=np.int64)
    number[np.argsort(first)] = np.arange(len(first))
    return number[inverse]


def _batches(sizes: Ints) -> Iterator[slice]:
    """Slices of whole components, of about ``BATCH_COLUMNS`` columns each."""
    stops = np.cumsum(sizes)
    start = 0
    while start < (stops[-1] if len(stops) else 0):
        fitting = int(np.searchsorted(stops, start + BATCH_COLUMNS, side="right"))
        stop = int(stops[max(fitting - 1, int(np.searchsorted(stops, start, side="right")))])
        yield slice(start, stop)
        start = stop


def _fractional(values: Floats, component: Ints) -> Iterator[slice]:
    """Slices of the components whose values are not all whole; ``component`` is sorted."""
    broken = np.unique(component[np.abs(values - np.round(values)) > WHOLE])
    starts = np.searchsorted(component, broken, side="left")
    stops = np.searchsorted(component, broken, side="right")
    for start, stop in zip(starts, stops, strict=True):
        yield slice(int(start), int(stop))


def _solve_with_highs(columns: Columns, whole: bool) -> Floats:
    """Values of the columns between 0 and 1 that maximise the gain, each side covered at most once."""
    n = len(columns)
    used, side = np.unique(columns.sides, return_inverse=True)
    side = side.reshape(columns.sides.shape)
    real = columns.sides != NO_SIDE
    column = np.broadcast_to(np.arange(n)[:, None], real.shape)
    covers = csc_matrix((np.ones(np.count_nonzero(real)), (side[real], column[real])), shape=(len(used), n))
    result = milp(
        -columns.gain,
        integrality=np.full(n, int(whole)),
        bounds=Bounds(0, 1),
        constraints=LinearConstraint(covers, -np.inf, 1),
        options={"mip_rel_gap": 0.0},
    )
    if result.status != 0 or result.x is None:
        raise PlanError(
            f"associate: the solver stopped without an optimum on {n} columns (status {result.status}: "
            f"{result.message}). Lower link.candidates, or set associate.linker: greedy."
        )
    return np.asarray(result.x, dtype=np.float64)


def _require_packing(columns: Columns, chosen: Bools) -> None:
    sides = columns.sides[chosen].ravel()
    most = np.bincount(sides[sides != NO_SIDE], minlength=1).max()
    if most > 1:
        raise PlanError(
            f"associate: a detection was explained {most} times, expected once: the solver's rounding failed. "
            "Set associate.linker: greedy and report this."
        )
