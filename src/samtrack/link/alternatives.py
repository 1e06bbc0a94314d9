"""What else a cell could have been: for each proposal the best other one for the same cell."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.types import Divisions, Links

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

NONE = -1
"""Stands for a row where there is no other proposal."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Of each proposal the cell (row of the detections) that would have been taken instead, `NONE` without, and its score.

    ``score`` is NaN without.
    """

    cell: Ints
    score: Floats


def runner_up_of_links(links: Links, rank: Ints) -> Alternatives:
    """The most probable other link of the same source, and where it leads; ``rank`` decides between equals."""
    other = best_other_row(links.source, links.score, rank[links.target])
    return _alternatives(other, links.target, links.score)


def rival_of_links(links: Links, rank: Ints) -> Alternatives:
    """The most probable other link to the same target, and where it comes from."""
    other = best_other_row(links.target, links.score, rank[links.source])
    return _alternatives(other, links.source, links.score)


def runner_up_of_divisions(divisions: Divisions, links: Links, rank: Ints) -> Alternatives:
    """The most probable link of the mother: how she would go on undivided."""
    order = np.lexsort((rank[links.target], -links.score, links.source))
    at = np.searchsorted(links.source[order], divisions.mother)
    found = np.full(len(divisions), NONE)
    there = np.flatnonzero(at < len(order))
    there = there[links.source[order[at[there]]] == divisions.mother[there]]
    found[there] = order[at[there]]
    return _alternatives(found, links.target, links.score)


def best_other_row(group: Ints, score: Floats, rank: Ints) -> Ints:
    """For each member of a group the row of the group's best other member, `NONE` without.

    Of equal scores the lowest ``rank`` is best, which must not depend on labels.
    """
    order = np.argsort(group, kind="stable")
    if len(order) == 0:
        return order
    ordered = group[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1))
    sizes = np.diff(starts, append=len(order))
    value, rank = score[order], rank[order]
    best = _winners(value, rank, starts, sizes)
    value[best] = -np.inf
    second = np.where(sizes > 1, _winners(value, rank, starts, sizes), NONE)
    found = np.empty(len(order), dtype=np.int64)
    found[order] = np.repeat(order[best], sizes)
    found[order[best]] = np.where(second >= 0, order[second], NONE)
    return found


def _winners(value: Floats, rank: Ints, starts: Ints, sizes: Ints) -> Ints:
    """The place of the largest value of each group, of equal ones that of the lowest rank."""
    is_best = value == np.repeat(np.maximum.reduceat(value, starts), sizes)
    lowest = np.where(is_best, rank, np.iinfo(np.int64).max)
    is_winner = is_best & (lowest == np.repeat(np.minimum.reduceat(lowest, starts), sizes))
    places = np.flatnonzero(is_winner)
    group = np.repeat(np.arange(len(starts)), sizes)[places]
    return places[np.unique(group, return_index=True)[1]]  # one even if two are equal in all


def _alternatives(row: Ints, cell: Ints, score: Floats) -> Alternatives:
    if len(cell) == 0:
        return Alternatives(np.full(len(row), NONE), np.full(len(row), np.nan))
    return Alternatives(np.where(row >= 0, cell[row], NONE), np.where(row >= 0, score[row], np.nan))
