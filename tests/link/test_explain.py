"""Contributions add up to what the model says last, and the loudest facts are named in words."""

import time
from dataclasses import replace

import numpy as np
import pytest

from samtrack.associate import solve_tracks
from samtrack.config.associate import AssociateSettings
from samtrack.config.link import LinkSettings
from samtrack.link import FirstDecision, propose_links, review_proposals, summarise
from samtrack.link.calibrate import SUREST, AdditiveModel, Curve, LinkModel, load_default_model
from samtrack.link.explain import (
    division_contributions,
    explain_divisions,
    explain_links,
    explain_merges,
    link_contributions,
    loudest,
)
from samtrack.link.facts import FACTS
from samtrack.link.rows import LINK_COLUMNS
from samtrack.types import Span

NOTHING = AdditiveModel(0.0, ())


@pytest.fixture(scope="module")
def judged(simulated, measure_movie):
    """Links, divisions and merges of a simulated movie, gaps included, and links and divisions judged again."""
    masks, images, scale, _ = simulated(2)
    labels, table = measure_movie(masks, scale, images)
    typical, settings = summarise(table), LinkSettings(min_probability=0.0)
    found = propose_links(None, labels, table, Span(0, len(masks)), typical, settings)
    solution = solve_tracks(table, *found, AssociateSettings())
    links, divisions, merges = found
    first = FirstDecision(solution.link_chosen, solution.division_chosen, merges.take(solution.merge_chosen))
    return found, review_proposals(table, links, divisions, first, typical, settings)


@pytest.fixture(scope="module")
def proposed(judged):
    """Judged once."""
    return judged[0]


@pytest.fixture(scope="module")
def reviewed(judged):
    """Judged again."""
    return judged[1]


def shifted(model, shift):
    """The same model with other means, which must not change any sum."""
    parts = {name: getattr(model, name) for name in LinkModel.__slots__}
    moved = {
        name: replace(part, curves=tuple(replace(c, mean=shift) for c in part.curves)) for name, part in parts.items()
    }
    return LinkModel(**moved)


def log_odds(score):
    return np.log(score) - np.log1p(-score)


def agree(found, score):
    total = np.clip(found.base + found.parts.sum(axis=1), -SUREST, SUREST)
    np.testing.assert_allclose(total, log_odds(score), atol=2e-3)


@pytest.mark.parametrize("shift", [0.0, 0.4])
def test_contributions_and_the_average_add_up_to_the_log_odds(judged, shift):
    model = shifted(load_default_model(), shift)
    for links, divisions, *_ in judged:
        assert (links.features[:, links.feature_names.index("gap")] > 0).any()
        agree(link_contributions(model, links.features, links.feature_names), links.score)
        agree(division_contributions(model, divisions.features, divisions.feature_names), divisions.score)


def models(**parts):
    return LinkModel(**dict.fromkeys(LinkModel.__slots__, NOTHING) | parts)


def test_evidence_is_handed_on_to_the_facts_it_came_from():
    frame = AdditiveModel(
        -1.0, (Curve("iou", (0.0, 1.0), (-2.0, 2.0), 0.0), Curve("distance", (0.0, 2.0), (1.0, -1.0), 0))
    )
    contest = AdditiveModel(0.0, (Curve("evidence", (-8.0, 8.0), (-4.0, 4.0), 0.0),))  # half of what evidence says
    model = models(frame=frame, contest=contest)
    facts = np.zeros((2, len(LINK_COLUMNS)), dtype=np.float32)
    at = {name: LINK_COLUMNS.index(name) for name in ("iou", "distance", "evidence")}
    facts[:, at["iou"]], facts[:, at["distance"]] = [1.0, 0.5], [0.0, 1.0]
    facts[:, at["evidence"]] = frame.log_odds(facts, LINK_COLUMNS)
    parts = link_contributions(model, facts, LINK_COLUMNS).parts
    assert parts[0, at["iou"]] == pytest.approx(1.0)
    assert parts[0, at["distance"]] == pytest.approx(0.5)
    assert parts[:, at["evidence"]].tolist() == [0.0, 0.0]
    assert parts[1].tolist() == [0.0] * len(LINK_COLUMNS), "an average proposal has no reasons"


def test_the_first_judgement_is_handed_on_and_stays_where_there_was_none():
    gap = AdditiveModel(-1.0, (Curve("iou", (0.0, 1.0), (-2.0, 2.0), 0.0),))
    halved = Curve("first", (-8.0, 8.0), (-4.0, 4.0), -3.0)
    again = AdditiveModel(0.5, (halved, Curve("off", (0.0, 1.0), (1.0, -1.0), 0.0)))
    again = replace(again, curves=(*again.curves, Curve("gap", (1.0, 2.0), (0.0, -1.0), 0.0)))
    model = models(gap=gap, gap_again=again)
    names = ("iou", "gap", "again_first", "again_off", "again_gap")
    facts = np.array([[1, 1, 1, 0, 1], [np.nan, np.nan, np.nan, 0.5, 2]], dtype=np.float32)
    found = link_contributions(model, facts, names)
    assert found.parts.tolist() == pytest.approx(np.array([[1.0, 0, 0, 1, 0], [0, -1, -3, 0, 0]]))
    assert found.base.tolist() == [0.5 - 0.5, 0.5], "with half of what the gap model says of an average link"
    speaks_for, against = explain_links(model, facts, names)
    assert speaks_for.tolist() == ["iou +1.0; off +1.0", ""]
    assert against.tolist() == ["", "first −3.0; gap −1.0"]


def test_late_proposals_are_explained_by_the_second_judgement_alone(reviewed):
    links, _ = reviewed
    names = links.feature_names
    late = np.isnan(links.features[:, names.index("again_first")])
    assert late.any()
    parts = link_contributions(load_default_model(), links.features, names).parts
    again = [name.startswith("again_") or name == "gap" for name in names]
    assert (parts[late][:, ~np.array(again)] == 0).all()
    assert (parts[~late, names.index("again_first")] == 0).all()


def test_the_loudest_are_told_largest_first():
    parts = np.array([[2.13, -0.4, 0.04, 0.5, 7.0], [0.0, -2.0, -1.0, -30.0, -0.1], [0.0] * 5])
    names = ("a", "b", "c", "d", "e")
    assert loudest(parts, names).tolist() == ["e +7.0; a +2.1; d +0.5", "", ""]
    assert loudest(-parts, names, sign=-1).tolist() == ["b −0.4", "d −30.0; b −2.0; c −1.0", ""]
    assert loudest(np.zeros((0, 5)), names).tolist() == []


@pytest.mark.parametrize("when", ["once", "again"])
def test_reasons_agree_with_probabilities(judged, when):
    links, divisions, *_ = judged[when == "again"]
    speaks_for, against = explain_links(load_default_model(), links.features, links.feature_names)
    sure, hopeless = links.score > 0.99, links.score < 0.001
    assert (speaks_for[sure] != "").all()
    assert (against[hopeless] != "").all()
    assert (np.char.count(speaks_for.astype(str), ";") <= 2).all()
    texts = [*speaks_for, *against]
    for column in explain_divisions(load_default_model(), divisions.features, divisions.feature_names):
        texts += [*column]
    known = {fact for facts in FACTS.values() for fact in facts}
    assert {word.split()[0] for text in texts for word in text.split("; ") if word} <= known


def test_merges_say_why(proposed):
    merges = proposed[2]
    assert merges.feature_names == FACTS["merge"]
    curve = Curve("covered", (0.0, 1.0), (0.0, 3.0), 0.0, mean=1.0)
    facts = np.zeros((2, len(FACTS["merge"])), dtype=np.float32)
    facts[1, FACTS["merge"].index("covered")] = 1.0
    model = models(merge=AdditiveModel(-2.0, (curve,)))
    speaks_for, against = explain_merges(model, facts, merges.feature_names)
    assert (speaks_for.tolist(), against.tolist()) == (["", "covered +2.0"], ["covered −1.0", ""])
    assert explain_merges(model, facts[:0], ())[0].tolist() == []


def test_rows_do_not_depend_on_each_other(reviewed, monkeypatch):
    links, _ = reviewed
    whole = explain_links(load_default_model(), links.features, links.feature_names)
    monkeypatch.setattr("samtrack.link.explain.ROWS_AT_ONCE", 7)
    parts = explain_links(load_default_model(), links.features, links.feature_names)
    assert all((a == b).all() for a, b in zip(whole, parts, strict=True))


def test_many_links_take_seconds(reviewed):
    links, _ = reviewed
    n = 100_000
    facts = links.features[np.arange(n) % len(links)]
    start = time.process_time()  # other processes do not count
    explain_links(load_default_model(), facts, links.feature_names)
    assert time.process_time() - start < 10
