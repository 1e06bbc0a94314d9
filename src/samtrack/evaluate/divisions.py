"""F1 of divisions with a tolerance in frames, as traccuracy defines it.

Unlike BC(i), which compares tracks as the table cuts them, this follows the graph: a division found too early or too
late counts if the mother's line matches at the earlier of the two frames and both daughters' lines are found later.
"""

from __future__ import annotations

from collections.abc import Sequence

import networkx as nx
import numpy as np
from traccuracy import TrackingGraph
from traccuracy.matchers import Matched
from traccuracy.metrics import DivisionMetrics

from samtrack.evaluate.graph import edges_of
from samtrack.evaluate.sides import MovieMatch, Side


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
    sole = np.flatnonzero(movie.sole_partner >= 0)
    pairs = dict.fromkeys(zip(sole.tolist(), movie.partner[sole].tolist(), strict=True))  # traccuracy asks "in" often
    matched = Matched(_graph_of(movie.truth), _graph_of(movie.result), pairs, {"matching type": "one-to-one"})
    found = DivisionMetrics(max_frame_buffer=largest_tolerance).compute(matched).results
    return {i: int(found[f"Frame Buffer {i}"]["True Positive Divisions"]) for i in range(largest_tolerance + 1)}


def _graph_of(side: Side) -> TrackingGraph:
    """The objects as nodes (their rows) and what joins them as edges; no image is needed."""
    graph: nx.DiGraph = nx.DiGraph()
    graph.add_nodes_from((row, {"t": frame}) for row, frame in enumerate(side.frame.tolist()))
    source, target, _ = edges_of(side)
    graph.add_edges_from(zip(source.tolist(), target.tolist(), strict=True))
    return TrackingGraph(graph, label_key=None, validate=False)
