"""What a person settled and no solver may change: true links and divisions, pairs that are not one cell, and no cells.

A pin takes its sides out of the packing (``graph``): all columns that cover them go, what is left is decided as always, and
the pins are added to what was chosen. So they are kept exactly, by every linker, and the rest is the optimum given them.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import NO_SIDE, Columns, Positions
from samtrack.associate.lineage import Choice
from samtrack.types import Detections, Divisions, Edges, Links, Merges, Origin

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Pins:
    """Rows of one `Detections`, none of them twice.

    ``links`` (n, 2): source and target that are one cell. ``divisions`` (n, 3): mother and daughters. ``apart`` (n, 2): an
    earlier and a later detection that are not one cell, nor mother and daughter. ``left_out`` (n,): no cells.
    """

    links: Ints
    divisions: Ints
    apart: Ints
    left_out: Ints

    def __post_init__(self) -> None:
        for name, width in (("links", 2), ("divisions", 3), ("apart", 2)):
            rows = np.asarray(getattr(self, name), dtype=np.int64).reshape(-1, width)
            object.__setattr__(self, name, np.unique(rows, axis=0))
        object.__setattr__(self, "left_out", np.unique(np.asarray(self.left_out, dtype=np.int64)))
        for side, rows in (("future", self.out_sides), ("past", self.in_sides)):
            values, count = np.unique(rows, return_counts=True)
            if np.any(count > 1):
                raise ValueError(f"pins give detection {values[count > 1][0]} two of a {side}, expected one at most")
        if len(np.intersect1d(_keys(self.true_pairs), _keys(self.apart))):
            raise ValueError("pins say of a pair of detections that it is one cell and that it is not")

    def __bool__(self) -> bool:
        return any(len(getattr(self, f.name)) for f in fields(self))

    @classmethod
    def none(cls) -> Pins:
        """Nothing is settled."""
        empty = np.zeros(0, dtype=np.int64)
        return cls(empty, empty, empty, empty)

    @property
    def true_pairs(self) -> Ints:
        """Source and target of all pinned links, and mother and daughter of all pinned divisions, (n, 2)."""
        return np.concatenate([self.links, self.divisions[:, [0, 1]], self.divisions[:, [0, 2]]])

    @property
    def out_sides(self) -> Ints:
        """Detections whose future is settled."""
        return np.concatenate([self.links[:, 0], self.divisions[:, 0], self.left_out])

    @property
    def in_sides(self) -> Ints:
        """Detections whose past is settled."""
        return np.concatenate([self.true_pairs[:, 1], self.left_out])

    def forbids(self, source: Ints, target: Ints) -> Bools:
        """Which of the pairs a person has ruled out."""
        return np.isin(_keys(np.stack([source, target], axis=1)), _keys(self.apart))


def with_pins(links: Links, divisions: Divisions, merges: Merges, pins: Pins) -> tuple[Links, Divisions, Merges]:
    """The proposals without those ruled out, and with all that are settled: of probability 1, added where they lacked."""
    return _links_with(links, pins), _divisions_with(divisions, pins), _merges_without(merges, pins)


def free_columns(columns: Columns, pins: Pins, positions: Positions) -> Columns:
    """The columns that touch nothing settled."""
    n = len(positions.rank)
    taken = np.zeros(2 * n + 1, dtype=bool)  # the last place stands for no side
    taken[positions.rank[pins.out_sides]] = True
    taken[n + positions.rank[pins.in_sides]] = True
    touches = taken[np.where(columns.sides == NO_SIDE, 2 * n, columns.sides)]
    return columns.take(np.flatnonzero(~touches.any(axis=1)))


def choice_with(choice: Choice, links: Links, divisions: Divisions, pins: Pins) -> Choice:
    """What was chosen of what was free, and the pins; the tables hold them (`with_pins`)."""
    return replace(
        choice,
        links=np.sort(np.r_[choice.links, np.flatnonzero(links_pinned(links, pins))]),
        divisions=np.sort(np.r_[choice.divisions, np.flatnonzero(divisions_pinned(divisions, pins))]),
        rejected=np.sort(np.r_[choice.rejected, pins.left_out]),
    )


def edges_with(edges: Edges, pins: Pins) -> Edges:
    """What a linker decided frame by frame, with what contradicts the pins replaced by them."""
    pairs = np.stack([edges.source, edges.target], axis=1)
    stays = ~(np.isin(edges.source, pins.out_sides) | np.isin(edges.target, pins.in_sides))
    stays &= ~pins.forbids(edges.source, edges.target)
    source, target = np.concatenate([pairs[stays], pins.true_pairs]).T
    return Edges(source, target)


def links_pinned(links: Links, pins: Pins) -> Bools:
    """Which rows of the table are pinned links."""
    return np.isin(_keys(np.stack([links.source, links.target], axis=1)), _keys(pins.links))


def divisions_pinned(divisions: Divisions, pins: Pins) -> Bools:
    """Which rows of the table are pinned divisions, in whatever order their daughters are named."""
    known = _sorted_families(pins.divisions)
    rows = _sorted_families(np.stack([divisions.mother, divisions.daughter_a, divisions.daughter_b], axis=1))
    # a cell divides once among the pins, so mother and first daughter tell the family
    return np.isin(_keys(rows[:, :2]), _keys(known[:, :2])) & np.isin(_keys(rows[:, 1:]), _keys(known[:, 1:]))


def surely_links(links: Links, pins: Pins) -> Links:
    """The same links, those pinned with a probability of 1."""
    return replace(links, score=np.where(links_pinned(links, pins), 1.0, links.score))


def surely_divisions(divisions: Divisions, pins: Pins) -> Divisions:
    """The same divisions, those pinned with a probability of 1."""
    return replace(divisions, score=np.where(divisions_pinned(divisions, pins), 1.0, divisions.score))


def require_within(pins: Pins, detections: Detections) -> None:
    """Raise unless all pins name detections and go forward in time."""
    highest = max(int(getattr(pins, f.name).max(initial=-1)) for f in fields(pins))
    if highest >= len(detections):
        raise ValueError(f"pins name detection {highest}, but there are {len(detections)}")
    source, target = np.concatenate([pins.true_pairs, pins.apart]).T
    if np.any(detections.frame[source] >= detections.frame[target]):
        raise ValueError("a pin must go from an earlier frame to a later one")


def _links_with(links: Links, pins: Pins) -> Links:
    stays = ~pins.forbids(links.source, links.target)
    # of a pair that is proposed twice one stays
    order = np.lexsort((-links.score, links.target, links.source))
    key = _keys(np.stack([links.source, links.target], axis=1))[order]
    again = np.r_[False, key[1:] == key[:-1]][: len(key)]
    stays[order[again & np.isin(key, _keys(pins.links))]] = False
    new = pins.links[~np.isin(_keys(pins.links), key)]
    n = len(new)
    added = Links(
        np.r_[links.source[stays], new[:, 0]],
        np.r_[links.target[stays], new[:, 1]],
        np.r_[links.score[stays], np.ones(n)],
        np.r_[links.origin[stays], np.full(n, int(Origin.PINNED))],
        np.concatenate([links.features[stays], _unknown(n, links.features)]),
        links.feature_names,
    )
    return surely_links(added, pins)


def _divisions_with(divisions: Divisions, pins: Pins) -> Divisions:
    m, a, b = divisions.mother, divisions.daughter_a, divisions.daughter_b
    stays = ~(pins.forbids(m, a) | pins.forbids(m, b))
    known = divisions_pinned(divisions, pins)
    _, first = np.unique(m[known], return_index=True)
    stays[np.delete(np.flatnonzero(known), first)] = False
    new = _sorted_families(pins.divisions[~np.isin(pins.divisions[:, 0], m[known])])
    added = Divisions(
        np.r_[m[stays], new[:, 0]],
        np.r_[a[stays], new[:, 1]],
        np.r_[b[stays], new[:, 2]],
        np.r_[divisions.score[stays], np.ones(len(new))],
        np.concatenate([divisions.features[stays], _unknown(len(new), divisions.features)]),
        divisions.feature_names,
    )
    return surely_divisions(added, pins)


def _merges_without(merges: Merges, pins: Pins) -> Merges:
    """The merges none of whose cells is told from the mask, nor one of the two before from both after it."""
    a, b, m, c, d = merges.before_a, merges.before_b, merges.shared, merges.after_a, merges.after_b
    wrong = pins.forbids(a, m) | pins.forbids(b, m) | pins.forbids(m, c) | pins.forbids(m, d)
    wrong |= pins.forbids(a, c) | pins.forbids(b, d)
    return merges.take(~wrong)


def _unknown(n: int, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    return np.full((n, features.shape[1]), np.nan, dtype=np.float32)


def _sorted_families(rows: Ints) -> Ints:
    """Mother, the daughter that comes first in the table, the other one."""
    return np.concatenate([rows[:, :1], np.sort(rows[:, 1:], axis=1)], axis=1)


_SPAN = 2**31
"""More than any table has rows: a pair of rows as one number."""


def _keys(pairs: Ints) -> Ints:
    return pairs[:, 0] * _SPAN + pairs[:, 1]
