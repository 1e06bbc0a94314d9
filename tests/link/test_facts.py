from dataclasses import fields, replace

import pytest

from samtrack.errors import WeightsError
from samtrack.link.calibrate import AdditiveModel, Curve, LinkModel, load_default_model
from samtrack.link.facts import FACTS, require_known_facts


def test_each_model_has_its_facts_in_the_order_of_the_models():
    assert tuple(FACTS) == tuple(f.name for f in fields(LinkModel))
    for name, facts in FACTS.items():
        assert len(set(facts)) == len(facts), name


def test_the_shipped_model_asks_for_nothing_else():
    require_known_facts(load_default_model())


@pytest.mark.parametrize("name", FACTS)
def test_a_model_of_another_version_is_told(name):
    curve = Curve("horoscope", (0.0,), (1.0,), 0.0)
    model = replace(load_default_model(), **{name: AdditiveModel(0.0, (curve,))})
    with pytest.raises(
        WeightsError, match=f"the {name} model asks for 'horoscope', known are {FACTS[name][0]}"
    ) as told:
        require_known_facts(model)
    assert "fit it anew with `samtrack train links`" in str(told.value)


def test_a_fact_of_another_model_is_not_known():
    curve = Curve("daughters_live", (0.0,), (1.0,), 0.0)
    with pytest.raises(WeightsError, match="the frame model asks for 'daughters_live'"):
        require_known_facts(replace(load_default_model(), frame=AdditiveModel(0.0, (curve,))))
