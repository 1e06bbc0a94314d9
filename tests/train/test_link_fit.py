"""The chain of four models: from nothing it learns what is true, from a prior it learns a movie's habits."""

from dataclasses import replace

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.link.calibrate import load_default_model
from samtrack.link.facts import FACTS
from samtrack.train.link_card import judge
from samtrack.train.link_fit import (
    DIRECTION,
    HELD_OUT,
    KEPT,
    STRENGTHS,
    WHOLE,
    Bench,
    fit_links,
    gather,
    is_better,
    learn_links,
)


@pytest.fixture(scope="module")
def said():
    return []


@pytest.fixture(scope="module")
def learned(restless, said):
    return learn_links(Bench([restless(1)], map, said.append), load_default_model())


def test_a_fit_from_nothing_tells_true_links_from_false_ones(restless):
    model, counts = fit_links(Bench([restless(1), restless(3)], map, lambda text: None))
    held_out = gather(Bench([restless(6)], map, lambda text: None), model, tuple(FACTS), WHOLE)[0]
    assert counts["frame"]["true"] > 500
    figures = judge(held_out)
    assert figures["contest"]["auc"] > 0.85
    assert figures["contest"]["expected_calibration_error"] < 0.05
    for name in ("frame", "contest", "gap", "division"):
        for curve in getattr(model, name).curves:
            assert np.all(np.diff(curve.values) * DIRECTION.get(curve.name, 0) >= -1e-9)


def test_learning_from_a_movie_lowers_its_held_out_log_loss(restless, learned):
    bench = Bench([restless(1)], map, lambda text: None)
    before, after = (judge(gather(bench, m, tuple(FACTS), HELD_OUT)[0]) for m in (load_default_model(), learned.model))
    assert before["contest"]["log_loss"] > after["contest"]["log_loss"] + 0.005
    assert before["frame"]["log_loss"] > after["frame"]["log_loss"]


def test_what_was_learned_holds_for_another_movie_of_the_kind(restless, learned):
    bench = Bench([restless(6)], map, lambda text: None)
    before, after = (judge(gather(bench, m, tuple(FACTS), WHOLE)[0]) for m in (load_default_model(), learned.model))
    assert before["contest"]["log_loss"] > after["contest"]["log_loss"]


def test_progress_and_strengths_are_told(learned, said):
    assert set(learned.strengths.values()) <= {*STRENGTHS, KEPT}
    assert learned.strengths["frame"] != KEPT
    assert any(text.startswith("frame: learned from") for text in said)


def test_what_many_movies_teach_is_chosen_by_movies_it_was_not_fitted_to(restless):
    lines = []
    bench = Bench([restless(1), restless(3)], map, lines.append, by_movie=True)
    learned = learn_links(bench, load_default_model())
    assert learned.strengths["frame"] != KEPT
    assert learned.counts["frame"] == gather(bench, load_default_model(), ("frame",), WHOLE)[0]["frame"].counts
    kept = [name for name, strength in learned.strengths.items() if strength == KEPT]
    assert all(getattr(learned.model, name) is getattr(load_default_model(), name) for name in kept)
    other = Bench([restless(6)], map, lines.append)
    before, after = (judge(gather(other, m, tuple(FACTS), WHOLE)[0]) for m in (load_default_model(), learned.model))
    assert before["frame"]["log_loss"] > after["frame"]["log_loss"]


def test_better_is_what_chance_does_not_explain():
    rng = np.random.default_rng(0)
    before = rng.random(400)
    assert is_better(before, before - 0.1 + 0.2 * rng.normal(size=400))
    assert not is_better(before, before)
    assert not is_better(before, before + 0.1)
    assert not is_better(before, before - 0.001 + 0.5 * np.tile([1.0, -1.0], 200))


def test_too_little_truth_is_refused(restless):
    movie, middle = restless(1), restless(1).labels.n_frames * 2 // 3
    blind = replace(movie, track_of=np.where(movie.detections.frame < 3, movie.track_of, 0), is_complete=False)
    with pytest.raises(DataError, match=r"truth has \d+ links .* in the first two thirds .* expected at least 100"):
        learn_links(Bench([blind], map, lambda text: None), load_default_model())
    half = replace(movie, track_of=np.where(movie.detections.frame < middle, movie.track_of, 0), is_complete=False)
    with pytest.raises(DataError, match=r"truth has 0 links .* in the last third"):
        learn_links(Bench([half], map, lambda text: None), load_default_model())
