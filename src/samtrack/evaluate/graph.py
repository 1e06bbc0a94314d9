"""What it takes to turn the result's graph into the truth's: the counts behind DET, TRA and LNK.

Objects are nodes; an edge joins an object to the same track's object in the next frame, or a parent's last object to a
child's first (Matula et al. 2015, doi 10.1371/journal.pone.0144959).
"""

from __future__ import annotations

import numpy as np

from samtrack.evaluate.match import Ints
from samtrack.evaluate.sides import Bools, MovieMatch, Side


def edges_of(side: Side) -> tuple[Ints, Ints, Bools]:
    """Edges as rows of objects: source, target, and whether it joins a parent to its child."""
    order = side.in_track_order
    joined = (np.diff(side.track[order]) == 0) & (np.diff(side.frame[order]) == 1)
    child = np.flatnonzero(side.parent >= 0)
    mother = side.parent[child]
    source = np.concatenate([order[:-1][joined], side.rows_of(side.last[mother], mother)])
    target = np.concatenate([order[1:][joined], side.rows_of(side.first[child], child)])
    return source, target, np.arange(len(source)) >= np.count_nonzero(joined)


def count_operations(movie: MovieMatch) -> dict[str, int]:
    """Operations by kind: NS split, FN add and FP delete a node, ED delete, EA add and EC retype an edge."""
    n_partners = movie.n_partners
    truth_of = np.full(len(movie.result.frame), -1, dtype=np.int64)
    sole = np.flatnonzero(movie.sole_partner >= 0)
    truth_of[movie.partner[sole]] = sole

    width = len(movie.truth.frame) + 1
    source, target, is_parent = edges_of(movie.truth)
    truth_edges = source * width + target
    source, target, is_parent_found = edges_of(movie.result)
    judged = (truth_of[source] >= 0) & (truth_of[target] >= 0)  # an edge of an unmatched node goes with the node
    result_edges = truth_of[source[judged]] * width + truth_of[target[judged]]
    shared, in_truth, in_result = np.intersect1d(truth_edges, result_edges, assume_unique=True, return_indices=True)
    return {
        "NS": int(np.sum(n_partners[n_partners > 1] - 1)),
        "FN": int(np.count_nonzero(movie.partner < 0)),
        "FP": int(np.count_nonzero(n_partners == 0)),
        "ED": len(result_edges) - len(shared),
        "EA": len(truth_edges) - len(shared),
        "EC": int(np.count_nonzero(is_parent[in_truth] != is_parent_found[judged][in_result])),
        "num_vertices": len(movie.truth.frame),
        "num_edges": len(truth_edges),
    }
