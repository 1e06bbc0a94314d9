import json
from importlib import resources

import numpy as np
import pytest

from samtrack.errors import WeightsError
from samtrack.link.calibrate import SUREST, AdditiveModel, Curve, LinkModel, load_default_model, probability
from samtrack.link.division import DIVISION_FACTS
from samtrack.link.merge import MERGE_FACTS
from samtrack.link.rows import LINK_COLUMNS


def plain_default():
    return json.loads((resources.files("samtrack.link") / "default_model.json").read_text(encoding="utf-8"))


def test_a_curve_is_linear_between_and_level_outside():
    curve = Curve("distance", (0.0, 1.0, 3.0), (2.0, 0.0, -2.0), missing=0.25)
    found = curve.at(np.array([-5.0, 0.0, 0.5, 2.0, 3.0, 100.0, np.nan]))
    np.testing.assert_allclose(found, [2.0, 2.0, 1.0, -1.0, -2.0, -2.0, 0.25])


def test_log_odds_are_a_constant_and_one_curve_per_fact():
    model = AdditiveModel(-1.0, (Curve("b", (0.0, 1.0), (0.0, 3.0), 0.0), Curve("a", (0.0, 1.0), (0.0, -1.0), 0.0)))
    facts = np.array([[1.0, 1.0], [0.0, 0.5], [1.0, 0.0]], dtype=np.float32)
    np.testing.assert_allclose(model.log_odds(facts, ("a", "b")), [1.0, 0.5, -2.0])
    assert probability(np.array([0.0]))[0] == 0.5


def test_log_odds_are_bounded():
    model = AdditiveModel(100.0, ())
    assert model.log_odds(np.zeros((2, 0)), ()).tolist() == [SUREST, SUREST]


def test_a_row_does_not_depend_on_the_others(rng):
    model = load_default_model()
    facts = rng.normal(0, 2, (57, len(LINK_COLUMNS))).astype(np.float32)
    whole = model.frame.log_odds(facts, LINK_COLUMNS)
    for i in range(len(facts)):
        assert model.frame.log_odds(facts[i : i + 1], LINK_COLUMNS)[0] == whole[i]


def test_the_shipped_model_knows_all_facts_and_round_trips():
    plain, model = plain_default(), load_default_model()
    for name in ("frame", "contest", "gap"):
        assert {c.name for c in getattr(model, name).curves} <= set(LINK_COLUMNS)
    assert {c.name for c in model.division.curves} == set(DIVISION_FACTS)
    assert {c.name for c in model.merge.curves} == set(MERGE_FACTS)
    for name, model_plain in plain["models"].items():
        assert getattr(model, name).to_plain() == model_plain


def test_more_overlap_and_less_distance_never_count_against_a_link():
    curves = {c.name: c for c in load_default_model().frame.curves}
    for name in ("iou", "overlap", "margin_of_target"):
        assert np.all(np.diff(curves[name].values) >= -1e-9)
    for name in ("distance", "surprise", "size_oddness", "rank_of_source"):
        assert np.all(np.diff(curves[name].values) <= 1e-9)


def test_a_damaged_model_is_named():
    with pytest.raises(WeightsError, match="2 knots and 1 values"):
        Curve("iou", (0.0, 1.0), (0.0,), 0.0)
    with pytest.raises(WeightsError, match="must increase"):
        Curve("iou", (1.0, 1.0), (0.0, 1.0), 0.0)
    with pytest.raises(WeightsError, match="'gap'"):
        LinkModel.from_plain({"models": {k: v for k, v in plain_default()["models"].items() if k != "gap"}})
    with pytest.raises(WeightsError, match="'volume'"):
        AdditiveModel(0.0, (Curve("volume", (0.0,), (0.0,), 0.0),)).log_odds(np.zeros((1, 1)), ("iou",))
