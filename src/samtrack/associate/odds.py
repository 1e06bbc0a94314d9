"""Looking up what was proposed between given detections: odds, 0 where nothing was."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from samtrack.associate.costs import log_odds
from samtrack.types import Divisions, Links

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class LinkOdds:
    """Odds of links by (source, target) of ``n`` detections: keys sorted, of equal ones the best last."""

    n: int
    keys: Ints
    odds: Floats

    @classmethod
    def of(cls, links: Links, n: int, sources: Ints) -> Self:
        """The odds of all links from the given detections."""
        is_source = np.zeros(n, dtype=bool)
        is_source[sources] = True
        some = np.flatnonzero(is_source[links.source])
        keys, score = links.source[some] * n + links.target[some], links.score[some]
        order = np.lexsort((score, keys))
        return cls(n, keys[order], np.exp(log_odds(score[order])))

    def between(self, source: Ints, target: Ints) -> Floats:
        """Odds of the best link from each source to its target."""
        wanted = source * self.n + target
        last = np.searchsorted(self.keys, wanted, side="right") - 1
        hit = np.flatnonzero(last >= 0)
        hit = hit[self.keys[last[hit]] == wanted[hit]]
        odds = np.zeros(len(wanted))
        odds[hit] = self.odds[last[hit]]
        return odds


def division_odds(divisions: Divisions, mother: Ints, daughters: tuple[Ints, Ints]) -> Floats:
    """Odds of the division of each mother into the two daughters, in any order of these."""
    is_mother = np.zeros(max(mother.max(initial=0), divisions.mother.max(initial=0)) + 1, dtype=bool)
    is_mother[mother] = True
    some = np.flatnonzero(is_mother[divisions.mother])
    known = _families(divisions.mother[some], divisions.daughter_a[some], divisions.daughter_b[some])
    wanted = _families(mother, *daughters)
    _, family = np.unique(np.concatenate([known, wanted]), axis=0, return_inverse=True)
    family = family.reshape(-1)
    odds = np.zeros(len(family) + 1)
    np.maximum.at(odds, family[: len(some)], np.exp(log_odds(divisions.score[some])))
    return odds[family[len(some) :]]


def _families(mother: Ints, a: Ints, b: Ints) -> Ints:
    """Mother, first and second daughter by row, (n, 3)."""
    return np.stack([mother, np.minimum(a, b), np.maximum(a, b)], axis=1)
