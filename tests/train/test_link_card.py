"""Figures of planted probabilities, and the card that tells them."""

import json

import numpy as np
import pytest

from samtrack.link.calibrate import default_plain
from samtrack.link.facts import FACTS
from samtrack.train.link_card import as_json, as_markdown, log_loss, reliability, write_table


def test_honest_probabilities_are_told_from_boasted_ones():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    honest = reliability(p, rng.random(20_000) < p)
    boasted = reliability(np.where(p > 0.5, 0.99, 0.01), rng.random(20_000) < p)
    assert honest["expected_calibration_error"] < 0.02
    assert boasted["expected_calibration_error"] > 0.2
    assert boasted["log_loss"] > honest["log_loss"]
    assert honest["auc"] == pytest.approx(5 / 6, abs=0.01)
    assert sum(count for count, _, _ in honest["bins"]) == 20_000


def test_nothing_to_judge():
    figures = reliability(np.zeros(0), np.zeros(0, dtype=bool))
    assert (figures["proposals"], figures["log_loss"]) == (0, 0.0)
    assert log_loss(np.array([0.5]), np.array([True])) == pytest.approx(np.log(2))


def test_the_table_has_a_column_for_each_model_and_a_row_for_each_part():
    held_out = default_plain()["held_out"]
    lines = write_table({"shipped": held_out, "new": held_out}).splitlines()
    assert len({len(line) for line in lines}) == 1
    assert "log_loss shipped" in lines[0]
    assert "log_loss new" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == list(FACTS)


def test_json_round_trips_with_a_list_on_a_line():
    plain = default_plain()
    text = as_json(plain)
    assert json.loads(text) == plain
    assert all("[" not in line or "]" in line or line.rstrip().endswith("[") for line in text.splitlines())


def test_the_shipped_card_is_in_the_documents(request):
    path = request.config.rootpath / "docs" / "link_model.md"
    text = as_markdown(default_plain())
    assert path.read_text(encoding="utf-8") == text, "run `make link-card`"
    assert "| 0.99" in text
    assert "simulated movies only" in text
