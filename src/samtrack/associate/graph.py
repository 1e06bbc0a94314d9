"""Proposals as columns of a weighted set packing.

Every detection has an out-side (its future) and an in-side (its past), each of which may be explained once. A link
i → j covers out(i) and in(j); a division i → (j, k) covers out(i), in(j) and in(k); a rejection of i covers out(i) and
in(i); a merge of a and b, which share the mask m and part as c and d, covers out(a), out(b), in(m), out(m), in(c) and
in(d). A choice of columns that share no side is an explanation of the movie; its score is the sum of their gains.

Detections are numbered here by position (frame, then centroid), not by label, and columns are sorted by the sides they
cover: whatever the labels are, the solver sees the same problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import product
from typing import Self

import numpy as np
import numpy.typing as npt

from samtrack.associate.costs import EventCosts, MergeRivals, division_gain, event_costs, link_gain, merge_gain
from samtrack.associate.odds import LinkOdds, division_odds
from samtrack.config.associate import AssociateSettings
from samtrack.errors import DataError
from samtrack.types import Detections, Divisions, Links, Merges

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_SIDE = -1
"""Fills the places of columns that cover fewer sides than others."""


_PLAIN_SIDES = 3
"""Most sides that a column covers which is no merge."""


class Kind(IntEnum):
    """What a column stands for."""

    LINK = 0
    DIVISION = 1
    REJECTION = 2
    MERGE = 3


@dataclass(frozen=True, slots=True)
class Columns:
    """Choices with a gain above 0, in canonical order.

    ``gain`` in nats; ``sides`` is (n, 3), or (n, 6) where there are merges, padded with ``NO_SIDE`` at the end; ``row`` is
    the row of the table that the column comes from (`Links`, `Divisions`, `Detections` or `Merges`, by ``kind``).
    """

    gain: Floats
    sides: Ints
    kind: npt.NDArray[np.int8]
    row: Ints
    n_sides: int

    def __len__(self) -> int:
        return len(self.gain)

    def take(self, which: npt.NDArray[np.int64] | Bools) -> Self:
        """The given columns, in the order given."""
        return type(self)(self.gain[which], self.sides[which], self.kind[which], self.row[which], self.n_sides)

    def rows(self, chosen: Bools, kind: Kind) -> Ints:
        """Table rows of the chosen columns of one kind."""
        return self.row[chosen & (self.kind == kind)]


@dataclass(frozen=True, slots=True)
class Positions:
    """Canonical number of each detection: ``rank[row]``, and its inverse ``row[rank]``."""

    rank: Ints
    row: Ints


def rank_detections(detections: Detections) -> Positions:
    """Number the detections by frame, then centroid (z, y, x), then size; labels decide only between equals."""
    axes = [detections.centroid_um[:, axis] for axis in reversed(range(detections.ndim))]
    row = np.lexsort((detections.size_um, *axes, detections.frame))
    rank = np.empty(len(row), dtype=np.int64)
    rank[row] = np.arange(len(row))
    return Positions(rank, row)


def build_columns(
    detections: Detections,
    links: Links,
    divisions: Divisions,
    merges: Merges,
    settings: AssociateSettings,
    positions: Positions,
) -> Columns:
    """All choices that can help, with their gains.

    Columns with a gain of 0 or less are left out: what remains of a packing without one of its columns is a packing, so
    some optimum has none of them. For the same reason a division that gains no more than one of its own links is left
    out (the link covers fewer sides and may take its place), and a merge that gains no more than a link into its mask
    and a link out of it.
    """
    require_valid_rows(detections, links, divisions, merges)
    gains = _Gains(detections, settings, event_costs(detections, settings))
    link_part = _canonical(_link_columns(links, gains, positions))
    division_part = _canonical(_division_columns(divisions, links, gains, positions))
    own_links = _best_within(division_part, link_part, (0,), (1, 2))
    division_part = division_part.take(division_part.gain > own_links)
    merge_part = _canonical(_merge_columns(merges, (links, divisions), gains, positions))
    own_links = _best_within(merge_part, link_part, (0, 1), (3,)) + _best_within(merge_part, link_part, (2,), (4, 5))
    merge_part = merge_part.take(merge_part.gain > own_links)
    return _joined([link_part, division_part, _canonical(_rejection_columns(gains, positions)), merge_part])


def require_valid_rows(detections: Detections, links: Links, divisions: Divisions, merges: Merges) -> None:
    """Raise unless all proposals name detections and go forward in time."""
    for table, source, target in (
        ("links", links.source, links.target),
        ("divisions", divisions.mother, divisions.daughter_a),
        ("divisions", divisions.mother, divisions.daughter_b),
        ("merges", merges.before_a, merges.shared),
        ("merges", merges.before_b, merges.shared),
        ("merges", merges.shared, merges.after_a),
        ("merges", merges.shared, merges.after_b),
    ):
        if len(source) == 0:
            continue
        lowest, highest = min(source.min(), target.min()), max(source.max(), target.max())
        if lowest < 0 or highest >= len(detections):
            raise DataError(
                f"{table}: name detections {lowest} to {highest}, expected 0 to {len(detections) - 1}. "
                "Detections and proposals are of different runs: run measure and link again."
            )
        wrong = np.flatnonzero(detections.frame[source] >= detections.frame[target])
        if len(wrong):
            first, then = detections.frame[source[wrong[0]]], detections.frame[target[wrong[0]]]
            raise DataError(
                f"{table}: {len(wrong)} go from a frame to one that is not later (row {wrong[0]}: {first} to {then}). "
                "Run link again."
            )


@dataclass(frozen=True, slots=True)
class _Gains:
    """What gains are computed from."""

    detections: Detections
    settings: AssociateSettings
    costs: EventCosts

    def skipped(self, source: Ints, target: Ints) -> Ints:
        """Frames between source and target."""
        return self.detections.frame[target] - self.detections.frame[source] - 1


def _link_columns(links: Links, gains: _Gains, positions: Positions) -> Columns:
    source, target = links.source, links.target
    gain = link_gain(
        links.score,
        gains.costs.disappear[source] + gains.costs.appear[target],
        gains.skipped(source, target),
        gains.settings.cost_gap_per_frame,
    )
    return _columns(Kind.LINK, gain, positions.rank[source], [positions.rank[target]], len(gains.detections))


def _division_columns(divisions: Divisions, links: Links, gains: _Gains, positions: Positions) -> Columns:
    # the daughters by position, not as listed, so that rounding is the same whatever their labels
    a_is_first = positions.rank[divisions.daughter_a] < positions.rank[divisions.daughter_b]
    mother = divisions.mother
    a = np.where(a_is_first, divisions.daughter_a, divisions.daughter_b)
    b = np.where(a_is_first, divisions.daughter_b, divisions.daughter_a)
    odds = LinkOdds.of(links, len(gains.detections), mother)
    gain = division_gain(
        divisions.score,
        odds.between(mother, a) + odds.between(mother, b),
        gains.costs.disappear[mother] + gains.costs.appear[a] + gains.costs.appear[b],
        gains.skipped(mother, a) + gains.skipped(mother, b),
        gains.settings,
    )
    rank = positions.rank
    return _columns(Kind.DIVISION, gain, rank[mother], [rank[a], rank[b]], len(gains.detections))


def _merge_columns(merges: Merges, others: tuple[Links, Divisions], gains: _Gains, positions: Positions) -> Columns:
    rank, n, m = positions.rank, len(gains.detections), merges.shared
    # the cells by position, not as listed, so that rounding is the same whatever their labels
    swap = rank[merges.before_a] > rank[merges.before_b]
    a, b = np.where(swap, merges.before_b, merges.before_a), np.where(swap, merges.before_a, merges.before_b)
    swap = rank[merges.after_a] > rank[merges.after_b]
    c, d = np.where(swap, merges.after_b, merges.after_a), np.where(swap, merges.after_a, merges.after_b)
    odds = LinkOdds.of(others[0], n, np.concatenate([a, b, m]))
    single = (odds.between(m, c), odds.between(m, d))
    rivals = MergeRivals(
        into=(odds.between(a, m), odds.between(b, m)),
        onward=single,
        across=((odds.between(a, c), odds.between(a, d)), (odds.between(b, c), odds.between(b, d))),
        division=division_odds(others[1], m, (c, d)) * (1 + single[0] + single[1]),
    )
    ends = gains.costs.disappear[a] + gains.costs.disappear[b] + gains.costs.disappear[m]
    begins = gains.costs.appear[m] + gains.costs.appear[c] + gains.costs.appear[d]
    gain = merge_gain(merges.score, rivals, ends + begins, gains.settings)
    sides = np.stack([rank[a], rank[b], rank[m], n + rank[m], n + rank[c], n + rank[d]], axis=1)
    kind = np.full(len(gain), Kind.MERGE, dtype=np.int8)
    return Columns(gain, sides.astype(np.int64), kind, np.arange(len(gain)), 2 * n)


def _rejection_columns(gains: _Gains, positions: Positions) -> Columns:
    return _columns(Kind.REJECTION, gains.costs.keep_lone, positions.rank, [positions.rank], len(gains.detections))


def _columns(kind: Kind, gain: Floats, out_of: Ints, into: Sequence[Ints], n: int) -> Columns:
    """Columns that cover the out-side of one and the in-sides of one or two of ``n`` detections (by rank)."""
    sides = np.full((len(gain), _PLAIN_SIDES), NO_SIDE, dtype=np.int64)
    sides[:, 0] = out_of
    for place, detection in enumerate(into, start=1):
        sides[:, place] = n + detection
    return Columns(gain, sides, np.full(len(gain), kind, dtype=np.int8), np.arange(len(gain)), 2 * n)


def _canonical(columns: Columns) -> Columns:
    """The columns that gain, sorted by the sides they cover; of several that cover the same sides, the best."""
    columns = columns.take(columns.gain > 0)
    order = np.lexsort((-columns.gain, *columns.sides.T[::-1]))
    columns = columns.take(order)
    is_first = np.ones(len(columns), dtype=bool)
    is_first[1:] = (columns.sides[1:] != columns.sides[:-1]).any(axis=1)
    return columns.take(is_first)


def _best_within(columns: Columns, links: Columns, outs: Sequence[int], ins: Sequence[int]) -> Floats:
    """Best gain of a link from one of a column's out-sides to one of its in-sides, named by place; 0 without any."""
    keys = links.sides[:, 0] * links.n_sides + links.sides[:, 1]  # sorted, each once
    best = np.zeros(len(columns))
    for source, target in product(outs, ins):
        wanted = columns.sides[:, source] * links.n_sides + columns.sides[:, target]
        at = np.searchsorted(keys, wanted)
        hit = np.flatnonzero(at < len(keys))
        hit = hit[keys[at[hit]] == wanted[hit]]
        best[hit] = np.maximum(best[hit], links.gain[at[hit]])
    return best


def _joined(parts: Sequence[Columns]) -> Columns:
    width = max(p.sides.shape[1] for p in parts if p.sides.shape[1] == _PLAIN_SIDES or len(p))
    return Columns(
        np.concatenate([p.gain for p in parts]),
        np.concatenate([_widened(p.sides, width) for p in parts]),
        np.concatenate([p.kind for p in parts]),
        np.concatenate([p.row for p in parts]),
        parts[0].n_sides,
    )


def _widened(sides: Ints, width: int) -> Ints:
    """Sides with as many places as the widest columns have."""
    return np.pad(sides[:, :width], ((0, 0), (0, max(width - sides.shape[1], 0))), constant_values=NO_SIDE)
