"""Measures of identity over time: HOTA, CHOTA, IDF1, MOTA, mostly tracked and mostly lost, false alarms.

All of them look at pieces of one cell's track as one: a track with exactly one child goes on in it. The numbers equal
py-ctcmetrics'; that library holds tables of all truth tracks times all result tracks (and CHOTA one more per pair that
meets), while only pairs that meet are held here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import min_weight_full_bipartite_matching

from samtrack.evaluate.match import Ints
from samtrack.evaluate.sides import MovieMatch, Side

MOSTLY_TRACKED, MOSTLY_LOST = 0.8, 0.2
"""Shares of a truth track that one result track must reach, or stay below (motchallenge.net)."""

PAIRS_AT_ONCE = 2**14
"""Pairs of tracks whose families are compared at once: some tens of MiB."""


@dataclass(frozen=True, slots=True)
class Meetings:
    """How often each whole track of the truth meets each of the result: pairs (row, column), objects in common.

    ``missed`` are the unmatched objects of each truth track, ``invented`` those of each result track.
    """

    row: Ints
    column: Ints
    shared: Ints
    missed: Ints
    invented: Ints

    @property
    def truth_size(self) -> Ints:
        """Objects of each truth track."""
        return self.missed + _sums(self.row, self.shared, len(self.missed))

    @property
    def result_size(self) -> Ints:
        """Objects of each result track; one that matches several truth objects counts as many times."""
        return self.invented + _sums(self.column, self.shared, len(self.invented))

    @property
    def total(self) -> int:
        """Matches, misses and inventions together."""
        return int(self.shared.sum() + self.missed.sum() + self.invented.sum())


def score_identities(movie: MovieMatch) -> dict[str, float | int | None]:
    """All measures of this module by name; None where there is nothing to measure."""
    truth_whole, truth_parent = _whole_tracks(movie.truth)
    result_whole, result_parent = _whole_tracks(movie.result)
    truth, result = truth_whole[movie.truth.track], result_whole[movie.result.track]
    meetings = _meet(movie, truth, result, len(truth_parent), len(result_parent))
    return {
        "HOTA": _hota(meetings),
        "CHOTA": _chota(meetings, _kin(truth_parent), _kin(result_parent)),
        **_mota(movie, truth, result),
        **_idf1(meetings),
        **_mostly(meetings),
        "FAF": float(np.count_nonzero(movie.n_partners != 1) / movie.n_frames),
        "Frames": movie.n_frames,
    }


def _whole_tracks(side: Side) -> tuple[Ints, Ints]:
    """For each track the whole track that it is a piece of, and for each whole track its parent (-1: none)."""
    only_child = side.parent >= 0
    only_child[only_child] = side.n_children[side.parent[only_child]] == 1
    root = np.where(only_child, side.parent, np.arange(side.n_tracks))
    while not np.array_equal(root[root], root):
        root = root[root]
    roots, whole = np.unique(root, return_inverse=True)
    parent = side.parent[roots]
    parent[parent >= 0] = whole[parent[parent >= 0]]
    return whole, parent


def _meet(movie: MovieMatch, truth: Ints, result: Ints, n_truth: int, n_result: int) -> Meetings:
    matched = movie.partner >= 0
    codes = truth[matched] * max(n_result, 1) + result[movie.partner[matched]]
    code, shared = np.unique(codes, return_counts=True)
    missed = np.bincount(truth[~matched], minlength=n_truth)
    invented = np.bincount(result[movie.n_partners == 0], minlength=n_result)
    return Meetings(code // max(n_result, 1), code % max(n_result, 1), shared, missed, invented)


def _hota(meetings: Meetings) -> float | None:
    """Higher-order tracking accuracy at the CTC's matching (Luiten et al. 2021, doi 10.1007/s11263-020-01375-2)."""
    if meetings.total == 0:
        return None
    either = meetings.truth_size[meetings.row] + meetings.result_size[meetings.column] - meetings.shared
    return float(np.sqrt(np.sum(meetings.shared**2 / either) / meetings.total))


def _chota(meetings: Meetings, truth_kin: sparse.csr_array, result_kin: sparse.csr_array) -> float | None:
    """HOTA in which a track is judged with its ancestors and descendants (Kaiser et al. 2024, arXiv 2408.11571)."""
    if meetings.total == 0:
        return None
    shape = (len(meetings.missed), len(meetings.invented))
    pairs = sparse.csr_array((meetings.shared, (meetings.row, meetings.column)), shape=shape)
    family_pairs = truth_kin @ pairs
    common = np.zeros(len(meetings.row))
    for i in range(0, len(common), PAIRS_AT_ONCE):
        some = slice(i, i + PAIRS_AT_ONCE)
        both = family_pairs[meetings.row[some]].multiply(result_kin[meetings.column[some]])
        common[some] = both.sum(axis=1)
    truth_size = (truth_kin @ meetings.truth_size)[meetings.row]
    result_size = (result_kin @ meetings.result_size)[meetings.column]
    return float(np.sqrt(np.sum(meetings.shared * common / (truth_size + result_size - common)) / meetings.total))


def _kin(parent: Ints) -> sparse.csr_array:
    """Which tracks are one family line: each with itself, its ancestors and its descendants."""
    young = old = np.arange(len(parent))
    pairs = [(young, old)]
    while len(young):
        old = parent[old]
        young, old = young[old >= 0], old[old >= 0]
        pairs += [(young, old), (old, young)]
    row, column = (np.concatenate(side) for side in zip(*pairs, strict=True))
    return sparse.csr_array((np.ones(len(row)), (row, column)), shape=(len(parent), len(parent)))


def _idf1(meetings: Meetings) -> dict[str, float | int | None]:
    """The best one-to-one assignment of whole tracks (Ristani et al. 2016, doi 10.1007/978-3-319-48881-3_2)."""
    n_truth, n_result = int(meetings.truth_size.sum()), int(meetings.result_size.sum())
    common = _most_shared(meetings)
    return {
        "IDF1": _share(2 * common, n_truth + n_result),
        "IDP": _share(common, n_result),
        "IDR": _share(common, n_truth),
        "IDTP": common,
        "IDFP": n_result - common,
        "IDFN": n_truth - common,
    }


def _most_shared(meetings: Meetings) -> int:
    """Objects in common under the assignment that maximises them.

    A full matching is sought, so each track has a stand-in to which it may be assigned at no gain, and the stand-ins of
    two tracks that meet may be assigned to each other. Weights must not be 0 (the solver drops those), hence the 1.
    """
    n, m = len(meetings.missed), len(meetings.invented)
    if len(meetings.shared) == 0:
        return 0
    top = int(meetings.shared.max()) + 1
    rows = np.concatenate([meetings.row, np.arange(n), n + np.arange(m), n + meetings.column])
    columns = np.concatenate([meetings.column, m + np.arange(n), np.arange(m), m + meetings.row])
    weights = np.concatenate([top - meetings.shared, np.full(n + m + len(meetings.row), top)]).astype(np.float64)
    graph = sparse.csr_matrix((weights, (rows, columns)), shape=(n + m, n + m))
    row, column = min_weight_full_bipartite_matching(graph)
    return int(top * (n + m) - np.asarray(graph[row, column]).sum())


def _mota(movie: MovieMatch, truth: Ints, result: Ints) -> dict[str, float | int | None]:
    """CLEAR MOT (Bernardin & Stiefelhagen 2008, doi 10.1155/2008/246309); splits count as errors of their own."""
    matched = np.flatnonzero(movie.partner >= 0)
    order = matched[np.lexsort((movie.truth.frame[matched], truth[matched]))]
    found = result[movie.partner[order]]
    switches = int(np.count_nonzero((np.diff(truth[order]) == 0) & (np.diff(found) != 0)))
    n_partners = movie.n_partners
    splits = int(np.sum(n_partners[n_partners > 1] - 1))
    hits, missed, invented = len(matched), len(truth) - len(matched), int(np.count_nonzero(n_partners == 0))
    errors = missed + invented + switches + splits
    return {
        "MOTA": 1 - errors / len(truth) if len(truth) else None,
        "TP": hits,
        "FP": invented,
        "FN": missed,
        "IDSW": switches,
        "MULTI-ASSIGNMENTS": splits,
        "Precision": _share(hits, hits + invented),
        "Recall": _share(hits, len(truth)),
    }


def _mostly(meetings: Meetings) -> dict[str, float | int | None]:
    """Shares of truth tracks that are mostly tracked and mostly lost.

    As in py-ctcmetrics, being missed counts like one more result track: a track that is never found has a share of 1.
    """
    most = meetings.missed.copy()
    np.maximum.at(most, meetings.row, meetings.shared)
    if len(most) == 0:
        return {"MT": None, "ML": None}
    share = most / meetings.truth_size
    return {"MT": float(np.mean(share >= MOSTLY_TRACKED)), "ML": float(np.mean(share < MOSTLY_LOST))}


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _sums(index: Ints, values: Ints, n: int) -> Ints:
    return np.bincount(index, values, minlength=n).astype(np.int64)
