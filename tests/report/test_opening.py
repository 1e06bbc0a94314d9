"""The page's beginning and end: verdict, sentence, scores, facts."""

import pytest

from samtrack.report.opening import image_facts, write_facts, write_opening, write_scores
from samtrack.report.tables import count_per_frame, summarise_result
from samtrack.types import Scale, Scores, Violation


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


def test_facts_of_the_movie(small) -> None:
    timings = [("segment", 130.0, 512.0), ("link", 5.0, 80.0)]
    text = write_facts(small(timings=timings)).replace("\u202f", " ")
    assert "0.5 × 0.5 µm (y × x)" in text
    assert "10 min" in text
    assert "40 × 60 voxels" in text
    assert "2 min 15 s in all" in text
    assert "512 MB" in text
    assert "max_gap_frames: 2" in text


def test_without_run_times_there_is_no_table_of_them(small) -> None:
    assert "<table" not in write_facts(small())


def test_what_nobody_told_is_not_made_up(small) -> None:
    facts = dict(image_facts(small(scale=Scale((1.0, 1.0), is_calibrated=False))))
    assert facts["Voxel"] == "not calibrated: lengths are in voxels"
    assert facts["Interval"] == "not given"
    known = dict(image_facts(small(scale=Scale((1.0, 1.0), 5.0, is_calibrated=False))))
    assert known["Interval"] == "5\u202fmin"
