"""The decision: all proposals of a movie in, tracks out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import Columns, Kind, build_columns, rank_detections
from samtrack.associate.greedy import solve_greedy
from samtrack.associate.ilp import solve_exactly
from samtrack.associate.lineage import Choice, build_tracks
from samtrack.associate.margin import least_losses
from samtrack.config.associate import AssociateSettings
from samtrack.types import Detections, Divisions, Links, Merges, Tracks

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Solution:
    """The tracks, which proposals they were made from, and facts about the solve (counts; ``gain`` in nats).

    ``link_chosen`` marks continuations only; the links of a division are told by ``division_chosen``, and the steps of
    two cells over a shared mask by ``merge_chosen``. The margins say what the explanation would at least lose without a
    chosen proposal (nats); NaN for others.
    """

    tracks: Tracks
    link_chosen: Bools
    division_chosen: Bools
    merge_chosen: Bools
    link_margin: Floats
    division_margin: Floats
    facts: Mapping[str, int | float]


def solve_tracks(
    detections: Detections, links: Links, divisions: Divisions, merges: Merges, settings: AssociateSettings
) -> Solution:
    """Decide who is who: the explanation of the movie with the largest gain (or the greedy one)."""
    positions = rank_detections(detections)
    columns = build_columns(detections, links, divisions, merges, settings, positions)
    chosen, facts = (solve_exactly if settings.solver == "ilp" else solve_greedy)(columns)
    choice = _choice(columns, chosen)
    margin = least_losses(columns)
    tracks = build_tracks(detections, links, divisions, merges, choice, positions)
    return Solution(
        tracks=tracks,
        link_chosen=_marked(len(links), choice.links),
        division_chosen=_marked(len(divisions), choice.divisions),
        merge_chosen=_marked(len(merges), choice.merges),
        link_margin=_spread(margin[chosen & (columns.kind == Kind.LINK)], choice.links, len(links)),
        division_margin=_spread(margin[chosen & (columns.kind == Kind.DIVISION)], choice.divisions, len(divisions)),
        facts={
            "gain": float(np.sum(columns.gain[chosen])),
            "columns": len(columns),
            "links_chosen": len(choice.links),
            "divisions_chosen": len(choice.divisions),
            "merges_chosen": len(choice.merges),
            "detections_rejected": len(choice.rejected),
            **facts,
        },
    )


def _choice(columns: Columns, chosen: Bools) -> Choice:
    return Choice(
        links=columns.rows(chosen, Kind.LINK),
        divisions=columns.rows(chosen, Kind.DIVISION),
        merges=columns.rows(chosen, Kind.MERGE),
        rejected=columns.rows(chosen, Kind.REJECTION),
    )


def _marked(n: int, rows: npt.NDArray[np.int64]) -> Bools:
    marked = np.zeros(n, dtype=bool)
    marked[rows] = True
    return marked


def _spread(values: Floats, rows: npt.NDArray[np.int64], n: int) -> Floats:
    spread = np.full(n, np.nan)
    spread[rows] = values
    return spread
