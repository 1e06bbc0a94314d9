"""The page's beginning: verdict, sentence, scores, ways to the sections."""

import pytest

from samtrack.report.opening import write_opening, write_scores
from samtrack.report.tables import count_per_frame, summarise_result
from samtrack.types import Scores, Violation


def opening(data) -> str:
    return write_opening(data, summarise_result(data), count_per_frame(data))


@pytest.mark.parametrize(
    ("violations", "told"),
    [
        (None, "Not checked against the rules"),
        ([], "Valid CTC result"),
        (
            [Violation("gap", "res_track.txt", "track 3 is not in frame 4", 4, 3)],
            "Not a valid CTC result: 1 violation<",
        ),
        ([Violation("gap", "mask.tif", f"number {i}") for i in range(50)], "… and 30 more"),
    ],
)
def test_the_verdict(small, violations: list[Violation] | None, told: str) -> None:
    text = opening(small(violations=violations))
    assert told in text
    for violation in (violations or [])[:20]:
        assert str(violation) in text


def test_few_violations_are_seen_at_once_and_many_are_folded(small) -> None:
    assert "<details open>" in opening(small(violations=[Violation("gap", "mask.tif", "x")]))
    assert "<details>" in opening(small(violations=[Violation("gap", "mask.tif", "x")] * 6))


def test_what_is_left_missing_is_said(small) -> None:
    assert "1 mask inside of tracks was left missing." in opening(small(filled=[]))


def test_shared_masks_are_said(small) -> None:
    assert "shared" not in opening(small())
    assert "1 mask was shared by two cells and divided." in opening(small(split=[(5, 2), (5, 3)]))


def test_main_scores_are_seen_first(small) -> None:
    assert "<b>0.987</b><span>TRA</span>" in opening(small(scores=Scores({"TRA": 0.987}, "Made", "01")))
    assert "TRA" not in opening(small())


def test_scores_are_explained(small) -> None:
    scores = Scores({"TRA": 0.987, "SEG": 0.8, "CCA": None, "AOGM_FN": 39, "IDF1": 0.5, "Strange": 3}, "Made", "01")
    text = write_scores(small(scores=scores))
    assert "no edit is needed" in text
    assert "not defined" in text
    assert "2 further measures" in text
    assert "samtrack evaluate" not in text


@pytest.mark.parametrize("scores", [None, Scores({}, "Made", "01")])
def test_without_truth_it_says_how_to_get_scores(small, scores: Scores | None) -> None:
    assert "samtrack evaluate" in write_scores(small(scores=scores))


def test_only_sections_that_are_there_are_named(small) -> None:
    assert 'href="#run"' not in opening(small())
    assert 'href="#errors"' not in opening(small())
    assert 'href="#run"' in opening(small(machine=[("Cores", "2")]))
