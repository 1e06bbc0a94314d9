"""The decision: all proposals of a movie in, tracks out, by the linker that the settings name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.associate.edges import divisions_among, links_among, tell_apart, tracks_of
from samtrack.associate.graph import Columns, Kind, Positions, build_columns, rank_detections, require_valid_rows
from samtrack.associate.greedy import solve_greedy
from samtrack.associate.ilp import solve_exactly
from samtrack.associate.kalman import link_by_kalman
from samtrack.associate.lineage import Choice, build_tracks
from samtrack.associate.overlap import link_by_overlap
from samtrack.config.associate import AssociateSettings
from samtrack.types import Detections, Divisions, Edges, Links, Tracks

Bools = npt.NDArray[np.bool_]
Facts = Mapping[str, int | float]


@dataclass(frozen=True, slots=True)
class Solution:
    """The tracks, which proposals they agree with, and facts about the solve (counts; ``gain`` in nats).

    ``link_chosen`` marks continuations only; the links of a division are told by ``division_chosen``. With the linkers joint
    and greedy all of a track's links are proposals; overlap and kalman may link and divide without one.
    """

    tracks: Tracks
    link_chosen: Bools
    division_chosen: Bools
    facts: Facts


def solve_tracks(detections: Detections, links: Links, divisions: Divisions, settings: AssociateSettings) -> Solution:
    """Decide who is who."""
    require_valid_rows(detections, links, divisions)
    positions = rank_detections(detections)
    match settings.linker:
        case "overlap":
            edges = link_by_overlap(detections, links, settings.overlap, positions)
            return _by_edges(detections, links, divisions, edges, positions, {})
        case "kalman":
            edges, facts = link_by_kalman(detections, settings.kalman, positions)
            return _by_edges(detections, links, divisions, edges, positions, facts)
        case _:
            return _by_gain(detections, links, divisions, settings, positions)


def _by_gain(
    detections: Detections, links: Links, divisions: Divisions, settings: AssociateSettings, positions: Positions
) -> Solution:
    """The explanation of the movie with the largest gain (or the greedy one)."""
    columns = build_columns(detections, links, divisions, settings, positions)
    chosen, facts = (solve_exactly if settings.linker == "joint" else solve_greedy)(columns)
    choice = _choice(columns, chosen)
    tracks = build_tracks(detections, links, divisions, choice, positions)
    return Solution(
        tracks=tracks,
        link_chosen=_marked(len(links), choice.links),
        division_chosen=_marked(len(divisions), choice.divisions),
        facts={
            "gain": float(np.sum(columns.gain[chosen])),
            "columns": len(columns),
            "links_chosen": len(choice.links),
            "divisions_chosen": len(choice.divisions),
            "detections_rejected": len(choice.rejected),
            **facts,
        },
    )


def _by_edges(
    detections: Detections, links: Links, divisions: Divisions, edges: Edges, positions: Positions, facts: Facts
) -> Solution:
    """The tracks of edges that a linker decided on by itself."""
    true_links, true_divisions = tell_apart(detections, edges, positions)
    return Solution(
        tracks=tracks_of(detections, true_links, true_divisions, positions),
        link_chosen=links_among(links, true_links, len(detections)),
        division_chosen=divisions_among(divisions, true_divisions, len(detections)),
        facts={"links_chosen": len(true_links), "divisions_chosen": len(true_divisions), **facts},
    )


def _choice(columns: Columns, chosen: Bools) -> Choice:
    return Choice(
        links=columns.rows(chosen, Kind.LINK),
        divisions=columns.rows(chosen, Kind.DIVISION),
        rejected=columns.rows(chosen, Kind.REJECTION),
    )


def _marked(n: int, rows: npt.NDArray[np.int64]) -> Bools:
    marked = np.zeros(n, dtype=bool)
    marked[rows] = True
    return marked
