"""Violations and scores, as people read them."""

import dataclasses

import numpy as np
import pytest

from samtrack.types import Reliability, Scores, Violation


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


def test_the_calibration_error_is_a_mean_over_proposals() -> None:
    told = Reliability("links", np.array([30, 10, 0]), np.array([0.1, 0.9, 0.0]), np.array([0.2, 0.7, 0.0]))
    assert told.calibration_error == pytest.approx((30 * 0.1 + 10 * 0.2) / 40)
    assert Reliability("none", np.zeros(0), np.zeros(0), np.zeros(0)).calibration_error == 0.0
    with pytest.raises(ValueError, match="links: 1 counts, 2 said, 2 seen"):
        Reliability("links", np.zeros(1), np.zeros(2), np.zeros(2))
