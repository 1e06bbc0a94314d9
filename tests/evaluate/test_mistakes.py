"""Errors one by one, on a drawn pair of movies."""

import numpy as np

from samtrack.evaluate.match import match_frame
from samtrack.evaluate.mistakes import find_mistakes
from samtrack.evaluate.sides import join_frames
from samtrack.types import ErrorKind


def image(**cells: int) -> np.ndarray:
    """A row of cells at letters a to f, five pixels each."""
    row = np.zeros((4, 40), dtype=np.uint16)
    for name, label in cells.items():
        at = 6 * (ord(name) - ord("a"))
        row[:, at : at + 5] = label
    return row


def found(truth, result, truth_table, result_table):
    matches = [match_frame(t, r) for t, r in zip(truth, result, strict=True)]
    movie, _, _ = join_frames(matches, np.array(truth_table), np.array(result_table))
    mistakes = find_mistakes(movie)
    return movie, {
        kind: [
            (int(t), int(r))
            for k, t, r in zip(mistakes.kind, mistakes.truth, mistakes.result, strict=True)
            if k == kind
        ]
        for kind in ErrorKind
    }


def test_a_perfect_result_has_none():
    movie = [image(a=1, c=2), image(a=1, c=2)]
    table = [[1, 0, 1, 0], [2, 0, 1, 0]]
    assert not any(found(movie, movie, table, table)[1].values())


def test_missed_and_invented():
    truth, result = [image(a=1, c=2), image(a=1)], [image(a=1), image(a=1, e=5)]
    movie, told = found(truth, result, [[1, 0, 1, 0], [2, 0, 0, 0]], [[1, 0, 1, 0], [5, 1, 1, 0]])
    assert [movie.truth.label[movie.truth.track[t]] for t, _ in told[ErrorKind.MISSED]] == [2]
    assert [movie.result.label[movie.result.track[r]] for _, r in told[ErrorKind.INVENTED]] == [5]
    assert told[ErrorKind.MISSING_LINK] == []


def test_cells_that_change_places_have_wrong_links_and_lack_the_true_ones():
    truth, result = [image(a=1, c=2), image(a=1, c=2)], [image(a=1, c=2), image(a=2, c=1)]
    table = [[1, 0, 1, 0], [2, 0, 1, 0]]
    movie, told = found(truth, result, table, table)
    assert len(told[ErrorKind.WRONG_LINK]) == len(told[ErrorKind.MISSING_LINK]) == 2
    assert {int(movie.result.frame[r]) for _, r in told[ErrorKind.WRONG_LINK]} == {1}, "the later end"


def test_one_mask_over_two_cells_is_told_once_and_its_links_are_not():
    wide = np.zeros((4, 40), dtype=np.uint16)
    wide[:, :11] = 1
    truth, result = [image(a=1, b=2)] * 2, [wide, wide]
    _, told = found(truth, result, [[1, 0, 1, 0], [2, 0, 1, 0]], [[1, 0, 1, 0]])
    assert len(told[ErrorKind.JOINED]) == 2, "once in each frame"
    assert told[ErrorKind.WRONG_LINK] == told[ErrorKind.MISSING_LINK] == []
