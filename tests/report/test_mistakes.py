"""Errors against the truth as HTML, and for the player."""

from dataclasses import replace

import numpy as np
from tests.report.test_encode import unpacked

from samtrack.report import mistakes
from samtrack.report.mistakes import count_errors, tell_errors, write_errors
from samtrack.report.movie import STEPS_OF_PIXEL, draw_movie
from samtrack.types import ErrorKind, Errors


def judged(data, frames=(0, 4, 4), kinds=(ErrorKind.MISSED, ErrorKind.JOINED, ErrorKind.WRONG_LINK)):
    at = np.tile([5.0, 10.0], (len(frames), 1))
    return replace(data, errors=Errors(np.array(frames), np.array(kinds), np.zeros(len(frames), dtype=int), at))


def test_without_a_truth_nothing_is_said(small) -> None:
    assert write_errors(small()) == ""
    assert tell_errors(small(), draw_movie(small())) is None


def test_kinds_are_counted_and_the_worst_frame_comes_first(small) -> None:
    data = judged(small())
    text = write_errors(data)
    assert '<td>M</td><td>missed cells</td><td class="number">1</td>' in text
    assert text.index('data-frame="4">4</button> (2)') < text.index('data-frame="0">0</button> (1)')
    assert text.count("<svg") == 2
    counts = count_errors(data)
    assert counts.loc[4].tolist() == [0, 0, 1, 1, 0]
    assert counts.to_numpy().sum() == 3


def test_a_rim_that_is_not_scored_is_told(small) -> None:
    data = judged(small())
    assert "rim of" not in write_errors(data)
    trimmed = replace(data, rim_px=25)
    assert "the rim of 25 px are not in the CTC result" in write_errors(trimmed)


def test_a_perfect_result_is_said_to_be_one(small) -> None:
    assert "There is none" in write_errors(judged(small(), (), ()))


def test_many_errors_are_drawn_in_part(small, monkeypatch) -> None:
    monkeypatch.setattr(mistakes, "DRAWN_ERRORS", 2)
    assert "2 of 3 errors are drawn." in write_errors(judged(small()))


def test_the_player_knows_those_of_its_frames(small) -> None:
    data = judged(small(), frames=(0, 3, 4))
    told = tell_errors(data, draw_movie(data))
    columns = {name: unpacked(column).tolist() for name, column in told["columns"].items()}
    assert columns["frame"] == [0, 4], "frame 3 is not shown"
    assert columns["kind"] == [ErrorKind.MISSED, ErrorKind.WRONG_LINK]
    (view,) = draw_movie(data).views
    expected = view.place(data.errors.at_um[:1], data.images.scale)[0] * STEPS_OF_PIXEL
    np.testing.assert_allclose([columns["y"][0], columns["x"][0]], expected, atol=0.51)
