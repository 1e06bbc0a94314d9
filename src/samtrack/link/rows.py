"""What the linker finds from frame to frame, and the tables that it makes of all frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.config.link import LinkSettings
from samtrack.link.contest import CONTEST_FACTS
from samtrack.link.division import DIVISION_FACTS
from samtrack.link.features import LINK_FACTS
from samtrack.link.merge import MERGE_FACTS
from samtrack.link.sam_facts import DIVISION_SAM_FACTS, MERGE_SAM_FACTS, SAM_FACTS
from samtrack.types import Divisions, Links, Merges, Origin

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_NO_ROWS = np.zeros(0, dtype=np.int64)

# Log odds of the best link by which the two ends of a gap could be explained otherwise.
GAP_FACTS = ("best_out", "best_in")
LINK_COLUMNS = LINK_FACTS + CONTEST_FACTS + GAP_FACTS + SAM_FACTS
DIVISION_COLUMNS = DIVISION_FACTS + DIVISION_SAM_FACTS
MERGE_COLUMNS = MERGE_FACTS + MERGE_SAM_FACTS


@dataclass(frozen=True, slots=True)
class LinkRows:
    """Links of one frame pair: rows of the table, probabilities and facts."""

    source: Ints
    target: Ints
    score: Floats
    facts: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class DivisionRows:
    """Divisions of one frame pair."""

    mother: Ints
    daughter_a: Ints
    daughter_b: Ints
    score: Floats
    facts: npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Proposed:
    """All that is proposed from one frame on: links to the next and over gaps, divisions, merges."""

    links: list[LinkRows]
    divisions: DivisionRows
    merges: Merges


def gather_tables(found: Sequence[Proposed], settings: LinkSettings) -> tuple[Links, Divisions, Merges]:
    """The tables of all frames, each sorted by the cells that its rows name."""
    links = _link_table([rows for frame in found for rows in frame.links], settings)
    merges = [Merges.none(MERGE_COLUMNS), *(frame.merges for frame in found)]
    return links, _division_table([frame.divisions for frame in found], settings), _merge_table(merges, settings)


def blank_facts(n: int) -> npt.NDArray[np.float32]:
    """Facts of ``n`` links, none of them known yet."""
    return np.full((n, len(LINK_COLUMNS)), np.nan, dtype=np.float32)


def _link_table(parts: list[LinkRows], settings: LinkSettings) -> Links:
    """The likely enough links of all frame pairs, sorted by (source, target)."""
    source = np.concatenate([_NO_ROWS, *(p.source for p in parts)])
    target = np.concatenate([_NO_ROWS, *(p.target for p in parts)])
    score = np.concatenate([_NO_ROWS, *(p.score for p in parts)]).astype(np.float64)
    facts = np.concatenate([blank_facts(0), *(p.facts for p in parts)])
    order = np.lexsort((target, source))
    order = order[score[order] >= settings.min_probability]
    origin = np.full(len(order), int(Origin.MOTION))
    return Links(source[order], target[order], score[order], origin, facts[order], LINK_COLUMNS)


def _division_table(parts: list[DivisionRows], settings: LinkSettings) -> Divisions:
    """The likely enough divisions of all frame pairs, sorted by mother and daughters."""
    mother = np.concatenate([_NO_ROWS, *(p.mother for p in parts)])
    daughter_a = np.concatenate([_NO_ROWS, *(p.daughter_a for p in parts)])
    daughter_b = np.concatenate([_NO_ROWS, *(p.daughter_b for p in parts)])
    score = np.concatenate([_NO_ROWS, *(p.score for p in parts)]).astype(np.float64)
    facts = np.concatenate([np.zeros((0, len(DIVISION_COLUMNS)), dtype=np.float32), *(p.facts for p in parts)])
    order = np.lexsort((daughter_b, daughter_a, mother))
    order = order[score[order] >= settings.min_probability]
    return Divisions(mother[order], daughter_a[order], daughter_b[order], score[order], facts[order], DIVISION_COLUMNS)


def _merge_table(parts: list[Merges], settings: LinkSettings) -> Merges:
    """The likely enough merges of all frames, sorted by mask and cells."""
    whole = Merges.concatenate(parts)
    order = np.lexsort([getattr(whole, role) for role in ("after_b", "after_a", "before_b", "before_a", "shared")])
    return whole.take(order[whole.score[order] >= settings.min_probability])
