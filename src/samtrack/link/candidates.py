"""Which cells of a later frame may be the future of each cell of an earlier one: the nearest few inside a gate.

Candidates are kept as a rectangle, one row per source cell and one column per candidate from near to far, so that what
concerns the rivals of a link is arithmetic along a row.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.config.link import LinkSettings
from samtrack.link.cells import Cells
from samtrack.link.motion import Motion
from samtrack.types import Typical

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidates of each source cell: ``target`` and ``distance_um`` (from the expected place) are (n source, k).

    ``is_real`` is False where a cell has fewer than k candidates; ``target`` is 0 there and the distance infinite.
    """

    target: Ints
    distance_um: Floats
    is_real: Flags

    def pairs(self) -> tuple[Ints, Ints]:
        """Source and target of each real candidate, row by row."""
        source, column = np.nonzero(self.is_real)
        return source, self.target[source, column]

    def spread_out(self, values: Floats, empty: float) -> Floats:
        """Values of the real candidates in the shape of the rectangle; ``empty`` elsewhere."""
        full = np.full(self.target.shape, empty)
        full[self.is_real] = values
        return full


def gate_um(typical: Typical, settings: LinkSettings) -> float:
    """Farthest distance of a candidate from the expected place, in micrometres."""
    near = typical.neighbour_um if np.isfinite(typical.neighbour_um) else 0.0
    return max(settings.gate_radii * typical.radius_um, near)


def find_candidates(
    motion: Motion, target: Cells, settings: LinkSettings, limit_um: float, among: tuple[Flags, Flags] | None = None
) -> Candidates:
    """The nearest target cells of each source cell, measured from where it is expected.

    ``among``: which source cells and which target cells take part; all if None.
    """
    n = len(motion.expected_um)
    sources = np.arange(n) if among is None else np.flatnonzero(among[0])
    targets = np.arange(len(target)) if among is None else np.flatnonzero(among[1])
    k = min(settings.candidates, len(targets))
    where, distance = np.zeros((n, k), dtype=np.int64), np.full((n, k), np.inf)
    if len(sources) and k:
        tree = target.tree if among is None else target.take(targets).tree
        bound = np.nextafter(limit_um, np.inf)  # the tree's own bound is exclusive
        found = tree.query(motion.expected_um[sources], k=np.arange(1, k + 1), distance_upper_bound=bound)
        distance[sources] = found[0]
        where[sources] = targets[np.minimum(found[1], len(targets) - 1)]
    is_real = np.isfinite(distance)
    return Candidates(np.where(is_real, where, 0), distance, is_real)


def best_other(group: Ints, value: Floats, n_groups: int, empty: float) -> Floats:
    """For each member of a group, the largest value among the group's other members; ``empty`` if it has none."""
    order = np.lexsort((-value, group))
    first = np.searchsorted(group[order], np.arange(n_groups))
    count = np.bincount(group, minlength=n_groups)
    best = np.full(n_groups, empty)
    second = np.full(n_groups, empty)
    best[count > 0] = value[order[first[count > 0]]]
    second[count > 1] = value[order[first[count > 1] + 1]]
    winner = np.full(n_groups, -1)
    winner[count > 0] = order[first[count > 0]]
    is_winner = winner[group] == np.arange(len(group))
    return np.where(is_winner, second[group], best[group])


def rank_in_group(group: Ints, value: Floats) -> Ints:
    """Place of each member in its group by increasing value, from 0."""
    order = np.lexsort((value, group))
    rank = np.empty(len(group), dtype=np.int64)
    rank[order] = np.arange(len(group)) - np.searchsorted(group[order], group[order])
    return rank
