"""Proposals as columns of a weighted set packing.

Every detection has an out-side (its future) and an in-side (its past), each of which may be explained once. A link
i → j covers out(i) and in(j); a division i → (j, k) covers out(i), in(j) and in(k); a rejection of i covers out(i) and
in(i). A choice of columns that share no side is an explanation of the movie; its score is the sum of their gains.

Detections are numbered here by position (frame, then centroid), not by label, and columns are sorted by the sides they
cover: whatever the labels are, the solver sees the same problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
import numpy.typing as npt

from samtrack.associate.costs import EventCosts, division_gain, event_costs, link_gain, log_odds
from samtrack.config.associate import AssociateSettings
from samtrack.errors import DataError
from samtrack.types import Detections, Divisions, Links

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_SIDE = -1
"""Fills the third place of columns that cover two sides."""


class Kind(IntEnum):
    """What a column stands for."""

    LINK = 0
    DIVISION = 1
    REJECTION = 2


@dataclass(frozen=True, slots=True)
class Columns:
    """Choices with a gain above 0, in canonical order.

    ``gain`` in nats; ``sides`` is (n, 3), padded with ``NO_SIDE`` at the end; ``row`` is the row of the table that the
    column comes from (`Links`, `Divisions` or `Detections`, by ``kind``).
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
    detections: Detections, links: Links, divisions: Divisions, settings: AssociateSettings, positions: Positions
) -> Columns:
    """All choices that can help, with their gains.

    Columns with a gain of 0 or less are left out: what remains of a packing without one of its columns is a packing, so
    some optimum has none of them. For the same reason a division that gains no more than one of its own links is left
    out (the link covers fewer sides and may take its place).
    """
    require_valid_rows(detections, links, divisions)
    gains = _Gains(detections, settings, event_costs(detections, settings))
    link_part = _canonical(_link_columns(links, gains, positions))
    division_part = _canonical(_division_columns(divisions, links, gains, positions))
    division_part = division_part.take(~_is_dominated(division_part, link_part))
    return _joined([link_part, division_part, _canonical(_rejection_columns(gains, positions))])


def require_valid_rows(detections: Detections, links: Links, divisions: Divisions) -> None:
    """Raise unless all proposals name detections and go forward in time."""
    for table, source, target in (
        ("links", links.source, links.target),
        ("divisions", divisions.mother, divisions.daughter_a),
        ("divisions", divisions.mother, divisions.daughter_b),
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
    odds_a, odds_b = _link_odds(links, len(gains.detections), mother, [a, b])
    gain = division_gain(
        divisions.score,
        odds_a + odds_b,
        gains.costs.disappear[mother] + gains.costs.appear[a] + gains.costs.appear[b],
        gains.skipped(mother, a) + gains.skipped(mother, b),
        gains.settings,
    )
    rank = positions.rank
    return _columns(Kind.DIVISION, gain, rank[mother], [rank[a], rank[b]], len(gains.detections))


def _rejection_columns(gains: _Gains, positions: Positions) -> Columns:
    return _columns(Kind.REJECTION, gains.costs.keep_lone, positions.rank, [positions.rank], len(gains.detections))


def _columns(kind: Kind, gain: Floats, out_of: Ints, into: Sequence[Ints], n: int) -> Columns:
    """Columns that cover the out-side of one and the in-sides of one or two of ``n`` detections (by rank)."""
    sides = np.full((len(gain), 3), NO_SIDE, dtype=np.int64)
    sides[:, 0] = out_of
    for place, detection in enumerate(into, start=1):
        sides[:, place] = n + detection
    return Columns(gain, sides, np.full(len(gain), kind, dtype=np.int8), np.arange(len(gain)), 2 * n)


def _link_odds(links: Links, n: int, mother: Ints, daughters: Sequence[Ints]) -> list[Floats]:
    """Odds of the best link mother → daughter, per list of daughters; 0 where no such link was proposed."""
    is_mother = np.zeros(n, dtype=bool)
    is_mother[mother] = True
    some = np.flatnonzero(is_mother[links.source])
    keys, score = links.source[some] * n + links.target[some], links.score[some]
    order = np.lexsort((score, keys))
    keys, score = keys[order], score[order]
    found = []
    for daughter in daughters:
        wanted = mother * n + daughter
        last = np.searchsorted(keys, wanted, side="right") - 1
        hit = np.flatnonzero(last >= 0)
        hit = hit[keys[last[hit]] == wanted[hit]]
        odds = np.zeros(len(mother))
        odds[hit] = np.exp(log_odds(score[last[hit]]))
        found.append(odds)
    return found


def _canonical(columns: Columns) -> Columns:
    """The columns that gain, sorted by the sides they cover; of several that cover the same sides, the best."""
    columns = columns.take(columns.gain > 0)
    order = np.lexsort((-columns.gain, *columns.sides.T[::-1]))
    columns = columns.take(order)
    is_first = np.ones(len(columns), dtype=bool)
    is_first[1:] = (columns.sides[1:] != columns.sides[:-1]).any(axis=1)
    return columns.take(is_first)


def _is_dominated(divisions: Columns, links: Columns) -> Bools:
    """Divisions that gain no more than the link to one of their daughters."""
    keys = links.sides[:, 0] * links.n_sides + links.sides[:, 1]  # sorted, each once
    best = np.zeros(len(divisions))
    for daughter in (1, 2):
        wanted = divisions.sides[:, 0] * links.n_sides + divisions.sides[:, daughter]
        at = np.searchsorted(keys, wanted)
        hit = np.flatnonzero(at < len(keys))
        hit = hit[keys[at[hit]] == wanted[hit]]
        best[hit] = np.maximum(best[hit], links.gain[at[hit]])
    return divisions.gain <= best


def _joined(parts: Sequence[Columns]) -> Columns:
    return Columns(
        np.concatenate([p.gain for p in parts]),
        np.concatenate([p.sides for p in parts]),
        np.concatenate([p.kind for p in parts]),
        np.concatenate([p.row for p in parts]),
        parts[0].n_sides,
    )
