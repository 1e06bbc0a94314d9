"""F1 of divisions with a tolerance in frames, as traccuracy defines it.

Unlike BC(i), which compares tracks as the table cuts them, this follows the graph: a division found too early or too
late counts if the mother's line matches at the earlier of the two frames and both daughters' lines are found later.

Only families in which somebody divides are given to traccuracy, which takes about 4 kB and 0.2 ms per object: no other
object can decide about a division, as every path that is followed stays in one family.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
from traccuracy import TrackingGraph
from traccuracy.matchers import Matched
from traccuracy.metrics import DivisionMetrics

from samtrack.evaluate.graph import edges_of
from samtrack.evaluate.sides import Bools, MovieMatch, Side


def score_divisions(movie: MovieMatch, tolerances_frames: Sequence[int]) -> dict[str, float | int | None]:
    """``divF1(i)``, ``divPrecision(i)`` and ``divRecall(i)`` for each tolerance i.

    F1 is None without true divisions. Where none was found it is 0, for which traccuracy itself says NaN.
    """
    true, made = (int(np.count_nonzero(side.n_children > 1)) for side in (movie.truth, movie.result))
    counts = _count_found(movie, max(tolerances_frames, default=0)) if true and made else {}
    values: dict[str, float | int | None] = {}
    for i in tolerances_frames:
        right = counts.get(i, 0)
        values[f"divF1({i})"] = 2 * right / (made + true) if true else None
        values[f"divPrecision({i})"] = right / made if made else None
        values[f"divRecall({i})"] = right / true if true else None
    return values


def _count_found(movie: MovieMatch, largest_tolerance: int) -> dict[int, int]:
    """Divisions found, by tolerance."""
    in_truth, in_result = _has_dividing_family(movie.truth), _has_dividing_family(movie.result)
    sole = np.flatnonzero((movie.sole_partner >= 0) & in_truth)
    sole = sole[in_result[movie.partner[sole]]]
    pairs = dict.fromkeys(zip(sole.tolist(), movie.partner[sole].tolist(), strict=True))  # traccuracy asks "in" often
    graphs = _graph_of(movie.truth, in_truth), _graph_of(movie.result, in_result)
    matched = Matched(*graphs, pairs, {"matching type": "one-to-one"})
    found = DivisionMetrics(max_frame_buffer=largest_tolerance).compute(matched).results
    return {i: int(found[f"Frame Buffer {i}"]["True Positive Divisions"]) for i in range(largest_tolerance + 1)}


def _has_dividing_family(side: Side) -> Bools:
    """For each object whether a track that it descends from, its own, or one of the same ancestor has two children."""
    founder = np.where(side.parent >= 0, side.parent, np.arange(side.n_tracks))
    while not np.array_equal(founder[founder], founder):
        founder = founder[founder]
    divides = np.zeros(side.n_tracks, dtype=np.bool_)
    divides[founder[side.n_children > 1]] = True
    return divides[founder][side.track]


def _graph_of(side: Side, kept: Bools) -> TrackingGraph:
    """The objects as nodes (their rows) and what joins them as edges; no image is needed."""
    graph: nx.DiGraph = nx.DiGraph()
    rows = np.flatnonzero(kept)
    graph.add_nodes_from((row, {"t": t}) for row, t in zip(rows.tolist(), side.frame[rows].tolist(), strict=True))
    source, target, _ = edges_of(side)
    inside = kept[source]
    graph.add_edges_from(zip(source[inside].tolist(), target[inside].tolist(), strict=True))
    return TrackingGraph(graph, label_key=None, validate=False)
