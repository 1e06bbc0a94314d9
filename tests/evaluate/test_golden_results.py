"""Scores of the golden movies' own results, from folder to number, are those of py-ctcmetrics."""

from __future__ import annotations

import math

import pytest
from tests.golden.test_golden import RECIPES

from samtrack.config.evaluate import EvaluateSettings
from samtrack.config.simulate import SimulateSettings
from samtrack.stages.evaluate import run_evaluate
from samtrack.stages.simulate import run_simulate


@pytest.mark.parametrize(("name", "method"), [("2d", "given"), ("2d", "seeds"), ("3d", "given")])
def test_scores_equal_those_of_py_ctcmetrics(name, method, tmp_path, track, judged):
    run_simulate(SimulateSettings.model_validate(RECIPES[name]), tmp_path, "01")
    sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "01_ERR_SEG")}
    raw = {"out": str(tmp_path / "out"), "sequences": [sequence], "segment": {"method": method}}
    result = track(raw | {"fill": {"method": "shape"}}).layout.result
    truth = tmp_path / "01_GT"
    found = run_evaluate(result, truth, None, "golden", "01", EvaluateSettings(), 1).values
    said = {k: v for k, v in judged(result, truth).items() if v is not None and not math.isnan(v)}
    assert said["Valid"] == 1
    assert set(said) - set(found) == set(), "samtrack knows every measure"
    assert len(said) > 40
    for measure, value in said.items():
        assert found[measure] == pytest.approx(value, abs=1e-12), measure
