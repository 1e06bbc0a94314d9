"""The stage: what lies in the folder, going on after a stop, fine-tuning on an annotated movie, clear errors."""

import csv
import json

import pytest
import torch

from samtrack.config.load import check_recipe
from samtrack.config.train_sam2 import TrainSam2Settings
from samtrack.errors import SettingsError
from samtrack.io.weights import read_weights
from samtrack.models.sam2.build import build_model
from samtrack.stages.train_sam2 import Sam2Training, run_train_sam2
from samtrack.testing.networks import SMALL_HABITS, SMALL_SAM2

RECIPE = {
    "start": "scratch",
    "architecture": SMALL_SAM2,
    "habits": SMALL_HABITS,
    "steps": 3,
    "clips": 2,
    "cells": 3,
    "side_px": 64,
    "window_px": 64,
    "workers": 0,
    "checkpoint_every": 1,
    "check_every": 2,
    "held_out": 2,
}


@pytest.fixture(autouse=True)
def small_pool(monkeypatch):
    monkeypatch.setattr("samtrack.train.sam2_run.POOL", 3)


def train(out, **changes):
    run_train_sam2(Sam2Training(check_recipe({**RECIPE, **changes}, "test", TrainSam2Settings), out))
    return read_weights(out)


def test_a_folder_of_weights_curves_and_samples(tmp_path):
    weights = train(tmp_path / "net")
    assert weights.config["samtrack"] == SMALL_HABITS
    build_model({k: v for k, v in weights.config.items() if k != "samtrack"}, weights.state)
    rows = list(csv.DictReader((tmp_path / "net" / "curves.csv").open()))
    assert [int(r["step"]) for r in rows] == [1, 2, 3]
    assert all(float(r["focal"]) > 0 for r in rows)
    assert [int(r["step"]) for r in csv.DictReader((tmp_path / "net" / "checks.csv").open())] == [2, 3]
    assert (tmp_path / "net" / "samples.png").stat().st_size > 1000
    assert "on held-out clips" in (tmp_path / "net" / "curves.svg").read_text()


def test_a_killed_run_goes_on_to_the_same_weights(tmp_path, monkeypatch):
    whole = train(tmp_path / "whole")
    from samtrack.stages import train_sam2

    real = train_sam2.after_step

    def killed(run, report, *rest):
        real(run, report, *rest)
        if report.step == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(train_sam2, "after_step", killed)
    with pytest.raises(KeyboardInterrupt):
        train(tmp_path / "parts")
    monkeypatch.setattr(train_sam2, "after_step", real)
    parts = train(tmp_path / "parts")
    assert all(torch.equal(parts.state[k], v) for k, v in whole.state.items())
    assert (tmp_path / "parts/curves.csv").read_text() == (tmp_path / "whole/curves.csv").read_text()


def test_other_settings_do_not_go_on_with_a_checkpoint(tmp_path):
    train(tmp_path / "net")
    with pytest.raises(SettingsError, match=r"other rate .there 0\.0001, here 0\.01"):
        train(tmp_path / "net", rate=0.01)


def test_fine_tuning_begins_with_weights_and_keeps_their_habits(tmp_path):
    train(tmp_path / "first")
    tuned = train(tmp_path / "second", start=str(tmp_path / "first"), architecture=None, habits={"cell_px": 33})
    assert tuned.config["samtrack"] == {**SMALL_HABITS, "cell_px": 33}
    assert json.loads((tmp_path / "second/config.json").read_text())["model_type"] == "sam2_video"
    looks = [list(csv.DictReader((tmp_path / run / "checks.csv").open())) for run in ("first", "second")]
    assert [int(r["step"]) for r in looks[1]] == [0, 2, 3], "what there is to gain, first"
    assert float(looks[1][0]["iou"]) == pytest.approx(float(looks[0][-1]["iou"]), abs=0.02), "half-precision files"


def test_scratch_needs_an_architecture(tmp_path):
    with pytest.raises(SettingsError, match="architecture: missing"):
        train(tmp_path / "net", architecture=None)


def test_an_unknown_setting_names_the_nearest():
    with pytest.raises(SettingsError, match=r"stepz: unknown key. Did you mean 'steps'"):
        check_recipe({"stepz": 3}, "recipe", TrainSam2Settings)
