"""Violations and scores, as people read them."""

import dataclasses

import pytest

from samtrack.types import Scores, Violation


def test_a_violation_says_where() -> None:
    assert str(Violation("no holes", "mask003.tif", "is missing", 3, 12)) == (
        "no holes: mask003.tif, frame 3, label 12: is missing"
    )
    assert str(Violation("order", "res_track.txt", "is not sorted")) == "order: res_track.txt: is not sorted"
    assert "frame 0, label 0" in str(Violation("r", "f", "m", 0, 0))


def test_scores_carry_what_is_needed_to_trust_them() -> None:
    scores = Scores({"TRA": 0.9, "BC": None}, "demo2d", "01")
    assert (dict(scores.settings), dict(scores.versions)) == ({}, {})
    with pytest.raises(dataclasses.FrozenInstanceError):
        scores.dataset = "other"
