"""Which objects and links of a result differ from the truth: the errors behind DET, TRA and LNK, one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from samtrack.evaluate.graph import edges_of
from samtrack.evaluate.match import Ints
from samtrack.evaluate.sides import MovieMatch
from samtrack.types import ErrorKind


@dataclass(frozen=True, slots=True)
class Mistakes:
    """One row per error: its kind, the row of the object of the truth (-1: none), and that of the result (-1: none).

    Of links both name the later end. A missing link is one between two cells that were found; what follows from a missed
    cell is not told again.
    """

    kind: Ints
    truth: Ints
    result: Ints


def find_mistakes(movie: MovieMatch) -> Mistakes:
    """All errors of a movie."""
    n_partners = movie.n_partners
    missed, invented, joined = (
        np.flatnonzero(movie.partner < 0),
        np.flatnonzero(n_partners == 0),
        np.flatnonzero(n_partners > 1),
    )
    truth_of = np.full(len(movie.result.frame), -1, dtype=np.int64)
    sole = np.flatnonzero(movie.sole_partner >= 0)
    truth_of[movie.partner[sole]] = sole
    width = len(movie.truth.frame) + 1
    true_source, true_target, _ = edges_of(movie.truth)
    source, target, _ = edges_of(movie.result)
    judged = (truth_of[source] >= 0) & (truth_of[target] >= 0)
    source, target = source[judged], target[judged]
    wrong = ~np.isin(truth_of[source] * width + truth_of[target], true_source * width + true_target)
    found = (movie.sole_partner[true_source] >= 0) & (movie.sole_partner[true_target] >= 0)
    true_source, true_target = true_source[found], true_target[found]
    lacks = ~np.isin(true_source * width + true_target, truth_of[source] * width + truth_of[target])
    none = -1
    rows = [
        (ErrorKind.MISSED, missed, np.full(len(missed), none)),
        (ErrorKind.INVENTED, np.full(len(invented), none), invented),
        (ErrorKind.JOINED, np.full(len(joined), none), joined),
        (ErrorKind.WRONG_LINK, truth_of[target[wrong]], target[wrong]),
        (ErrorKind.MISSING_LINK, true_target[lacks], movie.partner[true_target[lacks]]),
    ]
    return Mistakes(
        np.repeat([int(kind) for kind, _, _ in rows], [len(truth) for _, truth, _ in rows]).astype(np.int64),
        np.concatenate([truth for _, truth, _ in rows]).astype(np.int64),
        np.concatenate([result for _, _, result in rows]).astype(np.int64),
    )
