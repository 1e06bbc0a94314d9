"""From chosen links, divisions and rejections to tracks and their parents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from samtrack.associate.graph import Positions
from samtrack.types import Detections, Divisions, Links, Tracks

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: rows of `Links`, of `Divisions`, and of `Detections` (rejected)."""

    links: Ints
    divisions: Ints
    rejected: Ints


def build_tracks(
    detections: Detections, links: Links, divisions: Divisions, choice: Choice, positions: Positions
) -> Tracks:
    """Chains of chosen links as tracks, numbered by first frame, then position of the first detection.

    Rejected detections have track 0; a division makes both daughters' tracks children of the mother's.
    """
    n, rank = len(detections), positions.rank
    chain, first, last = _chains(n, rank[links.source[choice.links]], rank[links.target[choice.links]])
    kept = np.ones(n, dtype=bool)
    kept[rank[choice.rejected]] = False
    begins = np.flatnonzero(kept[first])
    begins = begins[np.argsort(first[begins])]
    number = np.zeros(len(first), dtype=np.int64)
    number[begins] = np.arange(1, len(begins) + 1)
    track_of = number[chain][rank]
    parent = np.zeros(len(begins) + 1, dtype=np.int64)
    mother = track_of[divisions.mother[choice.divisions]]
    for daughter in (divisions.daughter_a, divisions.daughter_b):
        parent[track_of[daughter[choice.divisions]]] = mother
    frame = detections.frame[positions.row]
    return Tracks(
        track_of=track_of,
        track=np.arange(1, len(begins) + 1),
        first_frame=frame[first[begins]],
        last_frame=frame[last[begins]],
        parent=parent[1:],
    )


def _chains(n: int, source: Ints, target: Ints) -> tuple[Ints, Ints, Ints]:
    """Chain of each detection, and each chain's first and last detection; all by canonical rank.

    Ranks grow with the frame, so the lowest rank of a chain is its beginning and the highest its end.
    """
    edges = coo_matrix((np.ones(len(source), dtype=bool), (source, target)), shape=(n, n))
    n_chains, chain = connected_components(edges, directed=False) if n else (0, np.zeros(0, dtype=np.int64))
    first, last = np.empty(n_chains, dtype=np.int64), np.empty(n_chains, dtype=np.int64)
    ranks = np.arange(n)
    last[chain] = ranks  # of repeated indices the last assignment stays
    first[chain[::-1]] = ranks[::-1]
    return chain.astype(np.int64), first, last
