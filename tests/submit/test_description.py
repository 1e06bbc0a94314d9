"""The text that goes with a submission."""

from __future__ import annotations

from samtrack.submit.description import Described, Weights, describe


def told(**other):
    said = {
        **{"dataset": "PhC-C2DL-PSC", "training": None, "sequences": ["01", "02"], "version": "0.1.0"},
        **{"method": {"fill.method": "sam2"}, "results": ["PhC-C2DL-PSC/01_RES: 300 masks"], "costs": ["01: long"]},
        **{"machine": ["Linux"], "packages": {"numpy": "2.0"}, "settings": "link:\n  gate_radii: 3\n"},
    }
    return describe(Described(**{**said, **other}))


def test_everything_is_told():
    text = told(weights=[Weights("sam2", "samtrack-tiny", "ab" * 32, "ships with samtrack")])
    for part in (
        "PhC-C2DL-PSC: submission to the Cell Tracking Challenge by samtrack 0.1.0",
        "fill.method: sam2",
        "SW/PhC-C2DL-PSC-01.sh  makes  PhC-C2DL-PSC/01_RES",
        "PhC-C2DL-PSC/01_RES: 300 masks",
        f"sam2: samtrack-tiny, SHA-256 {'ab' * 32}, ships with samtrack",
        "numpy 2.0",
        "  link:\n    gate_radii: 3\n",
    ):
        assert part in text, part
    assert "Training configuration" not in text


def test_training_configuration_and_no_weights():
    text = told(training="allST")
    assert "Training configuration: allST" in text
    assert "SW/PhC-C2DL-PSC-02-allST.sh  makes  PhC-C2DL-PSC/02_RES-allST" in text
    assert "no network is asked" in text
