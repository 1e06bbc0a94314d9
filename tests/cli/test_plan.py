"""``samtrack plan``: what it prints, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.cli.main import main

CONFIG = "out: out\nsequences: [{name: '01', simulate: {frames: 60, shape_px: [64, 64]}}]\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "config.yaml").write_text(CONFIG)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_dataset_is_planned_and_nothing_is_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", "--config", "config.yaml", "--cores", "3"]) == 0
    said = capsys.readouterr().out
    assert "01: 60 frames of 64 x 64 voxels" in said
    assert "blocks of 25 frames; 3 cores without GPU" in said
    assert [path.name for path in folder.iterdir()] == ["config.yaml"]


def test_a_movie_is_planned_as_run_would_track_it(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "01").mkdir()
    for t in range(3):
        tifffile.imwrite(folder / "01" / f"t{t}.tif", np.zeros((30, 40), np.uint8))
    command = ["plan", "--images", "01", "--set", "fill.method=shape", "--cells", "9", "--gpus", "1", "--json"]
    assert main([*command, "-"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["sequences"]["01"] == {
        "frames": 3, "shape": [30, 40], "itemsize": 1, "cells": 9, "diameter_px": 20
    }  # fmt: skip
    assert plan["gpu_hours"] == 0
    assert plan["jobs"] == len(plan["rules"])
    assert main([*command, "cost.json"]) == 0
    assert json.loads((folder / "cost.json").read_text()) | {"means": 0} == plan | {"means": 0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ([], "neither --config FILE .* nor --images PATH"),
        (["--config", "config.yaml", "--cores", "0"], "--cores is 0, expected 1 or more"),
        (["--config", "config.yaml", "--gpus", "-1"], "--gpus is -1, expected 0 or more"),
        (["--config", "config.yaml", "--masks", "m"], "--masks belongs to --images; put it into config.yaml"),
        (["--config", "none.yaml"], "none.yaml: cannot be read"),
        (["--config", "config.yaml", "--like", "."], "holds no run_config.yaml"),
        (["--images", "none"], "none does not exist"),
        (["--config", "config.yaml", "--set", "blocks.minuts=3"], "blocks.minuts: unknown key"),
    ],
)
def test_errors_say_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], message: str
) -> None:
    assert main(["plan", *options]) == 2
    said = capsys.readouterr().err
    assert said.startswith("samtrack plan: error: ")
    assert re.search(message, said), said
