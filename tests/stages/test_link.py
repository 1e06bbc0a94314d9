"""Which model links, and what is said of a file that is none."""

import json
from pathlib import Path

import pytest

from samtrack.errors import WeightsError
from samtrack.io.tables import read_table
from samtrack.link.calibrate import default_plain, load_default_model
from samtrack.stages.link import open_link_model
from samtrack.stages.plan import model_fingerprint


def changed(path: Path, change) -> str:
    plain = default_plain()
    change(plain)
    path.write_text(json.dumps(plain))
    return str(path)


def test_no_path_is_the_shipped_model():
    assert open_link_model(None)[1] == load_default_model()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p: p["models"].pop("gap"), r"mine\.json: link model: KeyError\('gap'\) is missing"),
        (
            lambda p: p["models"]["frame"]["curves"][0].update(fact="colour"),
            r"frame model asks for 'colour', known are",
        ),
        (lambda p: p["models"]["frame"]["curves"][0].update(missing=float("nan")), "not a finite number"),
        (lambda p: p["models"]["frame"]["curves"][0].update(knots=["a"]), "of a wrong type"),
        (lambda p: p.update(models={"frame": 3}), "of a wrong type"),
        (lambda p: p["models"]["frame"]["curves"][0]["knots"].reverse(), "knots must increase"),
        (lambda p: p.pop("models"), r"holds the keys .* expected an object with 'models'. Give the JSON"),
    ],
)
def test_a_file_that_is_no_model_is_told(tmp_path: Path, change, message):
    with pytest.raises(WeightsError, match=message) as caught:
        open_link_model(changed(tmp_path / "mine.json", change))
    assert "mine.json" in str(caught.value)


@pytest.mark.parametrize(("text", "message"), [("{", "is not JSON"), ("[1]", "holds a list, expected an object")])
def test_a_file_that_is_no_json_is_told(tmp_path: Path, text, message):
    (tmp_path / "mine.json").write_text(text)
    with pytest.raises(WeightsError, match=message):
        open_link_model(str(tmp_path / "mine.json"))
    with pytest.raises(WeightsError, match=r"none\.json: cannot be read \(No such file"):
        open_link_model(str(tmp_path / "none.json"))


def test_a_run_links_with_the_model_it_is_given(tmp_path: Path, track):
    path = changed(tmp_path / "mine.json", lambda p: p["models"]["contest"].update(constant=-20.0, curves=[]))
    simulate = {"frames": 3, "shape_px": (64, 64), "seed": 1, "cells": {"count": 4}}
    from samtrack.config.simulate import SimulateSettings
    from samtrack.stages.simulate import run_simulate

    run_simulate(SimulateSettings.model_validate(simulate), tmp_path, "01")
    sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "01_ERR_SEG")}
    raw = {"out": str(tmp_path / "out"), "sequences": [sequence], "segment": {"method": "given"}}
    address = track(raw | {"link": {"model": path, "min_probability": 0.0, "max_gap_frames": 0}})
    scores = read_table(address.layout.links(address.names[0]))["score"]
    assert len(scores)
    assert (scores < 0.001).all(), "the model says that no link is likely"
    before = model_fingerprint(address.config)
    changed(tmp_path / "mine.json", lambda p: None)
    assert model_fingerprint(address.config) != before
