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
from samtrack.associate.margin import least_losses
from samtrack.associate.overlap import link_by_overlap
from samtrack.associate.pins import Pins, choice_with, edges_with, free_columns, require_within
from samtrack.config.associate import AssociateSettings
from samtrack.types import Detections, Divisions, Edges, Links, Merges, Tracks

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Facts = Mapping[str, int | float]


@dataclass(frozen=True, slots=True)
class Solution:
    """The tracks, which proposals they agree with, and facts about the solve (counts; ``gain`` in nats).

    ``link_chosen`` marks continuations only; the links of a division are told by ``division_chosen``, and the steps of
    two cells over a shared mask by ``merge_chosen``. The margins say what the explanation would at least lose without a
    chosen proposal (nats); NaN for others, and for those that are pinned. With the linkers joint and greedy all of a track's
    links are proposals; overlap and kalman may link and divide without one, and share no masks.
    """

    tracks: Tracks
    link_chosen: Bools
    division_chosen: Bools
    merge_chosen: Bools
    link_margin: Floats
    division_margin: Floats
    facts: Facts


@dataclass(frozen=True, slots=True)
class _Proposals:
    """What there is to decide on."""

    detections: Detections
    links: Links
    divisions: Divisions
    merges: Merges
    positions: Positions
    pins: Pins


def solve_tracks(
    detections: Detections,
    links: Links,
    divisions: Divisions,
    merges: Merges,
    settings: AssociateSettings,
    pins: Pins | None = None,
) -> Solution:
    """Decide who is who. ``pins`` are kept; the tables hold them, and nothing that they rule out (`pins.with_pins`)."""
    require_valid_rows(detections, links, divisions, merges)
    pins = pins or Pins.none()
    require_within(pins, detections)
    proposed = _Proposals(detections, links, divisions, merges, rank_detections(detections), pins)
    match settings.linker:
        case "overlap":
            return _by_edges(proposed, link_by_overlap(detections, links, settings.overlap, proposed.positions), {})
        case "kalman":
            return _by_edges(proposed, *link_by_kalman(detections, settings.kalman, proposed.positions))
        case _:
            return _by_gain(proposed, settings)


def _by_gain(proposed: _Proposals, settings: AssociateSettings) -> Solution:
    """The explanation of the movie with the largest gain (or the greedy one)."""
    detections, links, divisions = proposed.detections, proposed.links, proposed.divisions
    merges, positions, pins = proposed.merges, proposed.positions, proposed.pins
    columns = build_columns(detections, links, divisions, merges, settings, positions)
    if pins:
        columns = free_columns(columns, pins, positions)
    chosen, facts = (solve_exactly if settings.linker == "joint" else solve_greedy)(columns)
    free = _choice(columns, chosen)
    choice = choice_with(free, links, divisions, pins) if pins else free
    margin = least_losses(columns)
    tracks = build_tracks(detections, links, divisions, merges, choice, positions)
    return Solution(
        tracks=tracks,
        link_chosen=_marked(len(links), choice.links),
        division_chosen=_marked(len(divisions), choice.divisions),
        merge_chosen=_marked(len(merges), choice.merges),
        link_margin=_spread(margin[chosen & (columns.kind == Kind.LINK)], free.links, len(links)),
        division_margin=_spread(margin[chosen & (columns.kind == Kind.DIVISION)], free.divisions, len(divisions)),
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


def _by_edges(proposed: _Proposals, edges: Edges, facts: Facts) -> Solution:
    """The tracks of edges that a linker decided on by itself."""
    n, links, divisions, pins = len(proposed.detections), proposed.links, proposed.divisions, proposed.pins
    edges = edges_with(edges, pins) if pins else edges
    true_links, true_divisions = tell_apart(proposed.detections, edges, proposed.positions)
    return Solution(
        tracks=tracks_of(proposed.detections, true_links, true_divisions, proposed.positions, pins.left_out),
        link_chosen=links_among(links, true_links, n),
        division_chosen=divisions_among(divisions, true_divisions, n),
        merge_chosen=np.zeros(len(proposed.merges), dtype=np.bool_),
        link_margin=np.full(len(links), np.nan),
        division_margin=np.full(len(divisions), np.nan),
        facts={"links_chosen": len(true_links), "divisions_chosen": len(true_divisions), **facts},
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
