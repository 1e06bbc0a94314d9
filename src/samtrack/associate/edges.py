"""From plain edges "this detection's future is that one" to tracks, for linkers that decide without proposals.

A detection with two edges out of it divides, with one it goes on; none may have two edges into it. Proposals that say
the same as the edges can be marked as chosen, so that whoever looks for doubtful ones finds them, whoever decided.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import Positions, rank_detections, require_valid_rows
from samtrack.associate.lineage import Choice, build_tracks
from samtrack.errors import DataError
from samtrack.types import Detections, Divisions, Edges, Links, Merges, Tracks

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

MOST_FUTURES = 2
"""A cell divides in two: `Tracks` and the CTC's table know no more."""


def tracks_from_edges(detections: Detections, edges: Edges) -> Tracks:
    """The tracks that edges describe; a detection without any is a track of its own."""
    positions = rank_detections(detections)
    return tracks_of(detections, *tell_apart(detections, edges, positions), positions)


def tell_apart(detections: Detections, edges: Edges, positions: Positions) -> tuple[Links, Divisions]:
    """Continuations and divisions among the edges; raises if a detection has two pasts or three futures."""
    nothing = np.zeros(0, dtype=np.int64)
    require_valid_rows(
        detections, _links(edges.source, edges.target), _divisions(nothing, nothing, nothing), Merges.none()
    )
    n = len(detections)
    _require_at_most(np.bincount(edges.target, minlength=n), 1, "pasts", detections)
    _require_at_most(np.bincount(edges.source, minlength=n), MOST_FUTURES, "futures", detections)
    order = np.lexsort((positions.rank[edges.target], positions.rank[edges.source]))
    source, target = edges.source[order], edges.target[order]
    divides = np.bincount(source, minlength=n)[source] == MOST_FUTURES
    mother, daughter = source[divides].reshape(-1, 2), target[divides].reshape(-1, 2)
    return _links(source[~divides], target[~divides]), _divisions(mother[:, 0], daughter[:, 0], daughter[:, 1])


def tracks_of(
    detections: Detections, links: Links, divisions: Divisions, positions: Positions, rejected: Ints | None = None
) -> Tracks:
    """The tracks of links and divisions that are all true; the detections ``rejected`` (rows) are in none."""
    nobody = np.zeros(0, dtype=np.int64)
    rejected = nobody if rejected is None else rejected
    choice = Choice(np.arange(len(links)), np.arange(len(divisions)), nobody, rejected)
    return build_tracks(detections, links, divisions, Merges.none(), choice, positions)


def links_among(proposed: Links, true: Links, n: int) -> Bools:
    """Which of the proposed links are among the true ones; ``n``: number of detections."""
    return np.isin(proposed.source * n + proposed.target, true.source * n + true.target)


def divisions_among(proposed: Divisions, true: Divisions, n: int) -> Bools:
    """Which of the proposed divisions are among the true ones, in whatever order their daughters are named."""
    # a cell has one mother and divides once, so two pairs tell the three
    found = np.ones(len(proposed), dtype=bool)
    for daughter in (np.minimum, np.maximum):
        keys = [d.mother * n + daughter(d.daughter_a, d.daughter_b) for d in (proposed, true)]
        found &= np.isin(keys[0], keys[1])
    return found


def _links(source: Ints, target: Ints) -> Links:
    n = len(source)
    return Links(source, target, np.ones(n), np.zeros(n, np.int64), np.zeros((n, 0), np.float32))


def _divisions(mother: Ints, a: Ints, b: Ints) -> Divisions:
    return Divisions(mother, a, b, np.ones(len(mother)), np.zeros((len(mother), 0), np.float32))


def _require_at_most(count: Ints, most: int, what: str, detections: Detections) -> None:
    if count.max(initial=0) > most:
        row = int(np.argmax(count))
        raise DataError(
            f"edges: label {detections.label[row]} of frame {detections.frame[row]} has {count[row]} {what}, expected "
            f"{most} at most. Whoever linked merges cells or divides them in more than two: switch that off."
        )
