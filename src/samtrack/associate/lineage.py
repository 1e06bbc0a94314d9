"""From chosen links, divisions, merges and rejections to tracks and their parents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from samtrack.associate.graph import Positions
from samtrack.types import Detections, Divisions, Links, Merges, Tracks

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen: rows of `Links`, of `Divisions`, of `Merges`, and of `Detections` (rejected)."""

    links: Ints
    divisions: Ints
    merges: Ints
    rejected: Ints


def build_tracks(
    detections: Detections,
    links: Links,
    divisions: Divisions,
    merges: Merges,
    choice: Choice,
    positions: Positions,
) -> Tracks:
    """Chains of chosen links as tracks, numbered by first frame, then position of the first detection.

    Rejected detections have track 0, and so have shared masks: the two cells of a merge go on over a gap of one frame. A
    division makes both daughters' tracks children of the mother's.
    """
    n, rank, merge = len(detections), positions.rank, choice.merges
    source = np.concatenate([links.source[choice.links], merges.before_a[merge], merges.before_b[merge]])
    target = np.concatenate([links.target[choice.links], merges.after_a[merge], merges.after_b[merge]])
    chain, first, last = _chains(n, rank[source], rank[target])
    kept = np.ones(n, dtype=bool)
    kept[rank[choice.rejected]] = False
    kept[rank[merges.shared[merge]]] = False
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
