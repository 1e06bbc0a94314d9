"""Contributions add up to what the model says, and the loudest facts are named in words."""

from dataclasses import replace

import numpy as np
import pytest

from samtrack.config.link import LinkSettings
from samtrack.link import propose_links, summarise
from samtrack.link.calibrate import SUREST, AdditiveModel, Curve, LinkModel, load_default_model
from samtrack.link.division import DIVISION_FACTS
from samtrack.link.explain import base_odds, explain_divisions, explain_links, link_contributions, loudest
from samtrack.link.propose import LINK_COLUMNS
from samtrack.types import Span


@pytest.fixture(scope="module")
def proposed(simulated, measure_movie):
    """All links and divisions of a simulated movie, gaps included."""
    masks, images, scale, _ = simulated(2)
    labels, table = measure_movie(masks, scale, images)
    settings = LinkSettings(min_probability=0.0)
    return propose_links(None, labels, table, Span(0, len(masks)), summarise(table), settings)


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_contributions_and_the_average_add_up_to_the_log_odds(proposed, shift):
    links, _ = proposed
    model = load_default_model()
    if shift:  # means that are not 0 must not change the sum
        shifted = {
            name: replace(part, curves=tuple(replace(c, mean=shift) for c in part.curves))
            for name in LinkModel.__slots__
            for part in [getattr(model, name)]
        }
        model = LinkModel(**shifted)
    is_gap = links.features[:, LINK_COLUMNS.index("gap")] > 0
    assert is_gap.any()
    parts = link_contributions(model, links.features, LINK_COLUMNS)
    odds = np.log(links.score) - np.log1p(-links.score)
    found = np.clip(base_odds(model, is_gap) + parts.sum(axis=1), -SUREST, SUREST)
    np.testing.assert_allclose(found, odds, atol=2e-3)


def test_evidence_is_handed_on_to_the_facts_it_came_from():
    frame = AdditiveModel(
        -1.0, (Curve("iou", (0.0, 1.0), (-2.0, 2.0), 0.0), Curve("distance", (0.0, 2.0), (1.0, -1.0), 0))
    )
    contest = AdditiveModel(0.0, (Curve("evidence", (-8.0, 8.0), (-4.0, 4.0), 0.0),))  # half of what evidence says
    model = LinkModel(frame, AdditiveModel(0.0, ()), contest, AdditiveModel(0.0, ()))
    facts = np.zeros((2, len(LINK_COLUMNS)), dtype=np.float32)
    at = {name: LINK_COLUMNS.index(name) for name in ("iou", "distance", "evidence")}
    facts[:, at["iou"]], facts[:, at["distance"]] = [1.0, 0.5], [0.0, 1.0]
    facts[:, at["evidence"]] = frame.log_odds(facts, LINK_COLUMNS)
    parts = link_contributions(model, facts, LINK_COLUMNS)
    assert parts[0, at["iou"]] == pytest.approx(1.0)
    assert parts[0, at["distance"]] == pytest.approx(0.5)
    assert parts[:, at["evidence"]].tolist() == [0.0, 0.0]
    assert parts[1].tolist() == [0.0] * len(LINK_COLUMNS), "an average proposal has no reasons"


def test_the_loudest_are_told_largest_first():
    parts = np.array([[2.13, -0.4, 0.04, 0.5, 7.0], [0.0, -2.0, -1.0, -30.0, -0.1], [0.0] * 5])
    names = ("a", "b", "c", "d", "e")
    assert loudest(parts, names).tolist() == ["e +7.0; a +2.1; d +0.5", "", ""]
    assert loudest(-parts, names, sign=-1).tolist() == ["b −0.4", "d −30.0; b −2.0; c −1.0", ""]
    assert loudest(np.zeros((0, 5)), names).tolist() == []


def test_reasons_agree_with_probabilities(proposed):
    links, divisions = proposed
    speaks_for, against = explain_links(load_default_model(), links.features, LINK_COLUMNS)
    sure, hopeless = links.score > 0.99, links.score < 0.001
    assert (speaks_for[sure] != "").all()
    assert (against[hopeless] != "").all()
    assert (np.char.count(speaks_for.astype(str), ";") <= 2).all()
    speaks_for, against = explain_divisions(load_default_model(), divisions.features)
    assert {word.split()[0] for text in [*speaks_for, *against] for word in text.split("; ") if word} <= {
        *DIVISION_FACTS
    }


def test_rows_do_not_depend_on_each_other(proposed, monkeypatch):
    links, _ = proposed
    whole = explain_links(load_default_model(), links.features, LINK_COLUMNS)
    monkeypatch.setattr("samtrack.link.explain.ROWS_AT_ONCE", 7)
    parts = explain_links(load_default_model(), links.features, LINK_COLUMNS)
    assert all((a == b).all() for a, b in zip(whole, parts, strict=True))
