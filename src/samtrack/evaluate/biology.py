"""Measures of what a biologist reads off a result: complete tracks, track fractions, divisions.

The numbers equal py-ctcmetrics' (and through it the challenge's); the counting here is linear in the number of objects,
where that library's is quadratic in the cells of a frame or the tracks of a movie.
"""

from __future__ import annotations

import numpy as np

from samtrack.evaluate.match import Ints
from samtrack.evaluate.sides import MovieMatch


def score_complete_tracks(movie: MovieMatch) -> float | None:
    """CT: F1 of truth tracks found whole by one result track of the same first and last frame."""
    truth, result = movie.truth, movie.result
    if truth.n_tracks + result.n_tracks == 0:
        return None
    found = _track_of_sole_partner(movie)
    least = np.full(truth.n_tracks, np.iinfo(np.int64).max)
    most = np.full(truth.n_tracks, -1, dtype=np.int64)
    np.minimum.at(least, truth.track, found)
    np.maximum.at(most, truth.track, found)
    whole = np.flatnonzero((least == most) & (most >= 0))
    by = most[whole]
    complete = (truth.first[whole] == result.first[by]) & (truth.last[whole] == result.last[by])
    return float(2 * np.count_nonzero(complete) / (truth.n_tracks + result.n_tracks))


def score_track_fractions(movie: MovieMatch) -> float | None:
    """TF: of the truth tracks found at all, the mean share that the longest unbroken run of one result track covers.

    Like the official program's, it stops judging a result track at the first truth track that this one covers whole, in
    the order of labels; so in rare cases it depends on how tracks are numbered.
    """
    truth = movie.truth
    if truth.n_tracks == 0:
        return None
    order = truth.in_track_order
    track, frame, found = truth.track[order], truth.frame[order], _track_of_sole_partner(movie)[order]
    breaks = (np.diff(track) != 0) | (np.diff(frame) != 1) | (np.diff(found) != 0)
    start = np.flatnonzero(np.r_[True, breaks])
    length = np.diff(np.r_[start, len(track)])
    kept = found[start] >= 0
    start, length = start[kept], length[kept]

    pair, back = np.unique(found[start] * truth.n_tracks + track[start], return_inverse=True)
    longest = np.zeros(len(pair), dtype=np.int64)
    np.maximum.at(longest, back, length)
    by, of = pair // truth.n_tracks, pair % truth.n_tracks
    share = longest / (truth.last - truth.first + 1)[of]
    best = np.zeros(truth.n_tracks)
    done = -1
    for i in range(len(pair)):  # one step per pair of tracks that meet
        if by[i] == done or best[of[i]] == 1:
            continue
        best[of[i]] = max(best[of[i]], share[i])
        done = by[i] if share[i] == 1 else done
    return float(np.mean(best[best > 0])) if np.any(best > 0) else 0.0


def _track_of_sole_partner(movie: MovieMatch) -> Ints:
    """For each truth object the result track that finds it, alone; -1 if none does."""
    sole = movie.sole_partner
    return np.where(sole >= 0, movie.result.track[sole], -1) if len(movie.result.track) else sole


def count_divisions(movie: MovieMatch, tolerance_frames: int) -> tuple[int, int, int]:
    """Divisions found, invented and missed, as in BC(i).

    A division is found if mother and daughters match one to one and their ends and starts differ by at most the
    tolerance. The mothers are compared in the last frame that both live in, daughters in the first.
    """
    truth, result = movie.truth, movie.result
    truth_mothers, result_mothers = np.flatnonzero(truth.n_children > 1), np.flatnonzero(result.n_children > 1)
    sole = movie.sole_partner
    daughters = {int(m): np.flatnonzero(result.parent == m) for m in result_mothers}
    found = 0
    for mother in truth_mothers:
        own = np.flatnonzero(truth.parent == mother)
        for candidate in _candidates(movie, sole, int(mother), tolerance_frames):
            others = daughters.get(candidate)
            if others is not None and len(others) == len(own):
                found += _same_daughters(movie, sole, own, others, tolerance_frames)
    return found, len(result_mothers) - found, len(truth_mothers) - found


def _candidates(movie: MovieMatch, sole: Ints, mother: int, tolerance: int) -> list[int]:
    """Result tracks that match a truth mother in the last frame of both, at most ``tolerance`` apart from her end."""
    end = int(movie.truth.last[mother])
    frames = np.arange(end, max(end - tolerance, int(movie.truth.first[mother])) - 1, -1)
    rows = movie.truth.rows_of(frames, np.full(len(frames), mother))
    found = []
    for frame, row in zip(frames, rows, strict=True):
        if row >= 0 and sole[row] >= 0:
            track = int(movie.result.track[sole[row]])
            last = int(movie.result.last[track])
            if last == frame or (frame == end and end < last <= end + tolerance):
                found.append(track)
    return found


def _same_daughters(movie: MovieMatch, sole: Ints, own: Ints, others: Ints, tolerance: int) -> bool:
    """Whether each truth daughter has a result daughter of her own."""
    taken: set[int] = set()
    for daughter in own:
        start = np.maximum(movie.truth.first[daughter], movie.result.first[others])
        near = np.abs(movie.truth.first[daughter] - movie.result.first[others]) <= tolerance
        rows = movie.truth.rows_of(start, np.full(len(others), daughter))
        partner = np.where(rows >= 0, sole[rows], -1)
        same = near & (partner >= 0) & (movie.result.track[partner] == others)
        if same.any():
            taken.add(int(others[np.argmax(same)]))
    return len(taken) == len(own)
