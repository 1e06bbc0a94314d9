"""A submission started where there is nothing but the images: its entry script alone makes the same bytes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile

import pytest
import yaml

from samtrack.config import build_config
from samtrack.stages.simulate import run_simulate

pytestmark = pytest.mark.workflow

RECIPE = {"frames": 5, "shape_px": [96, 96], "seed": 5, "cells": {"count": 6, "cycle_hours": 5}}
SETTINGS = {"link": {"sam2": "off"}, "fill": {"method": "shape"}, "associate": {"cost_appear": 1.5}}


def test_the_entry_script_alone_makes_the_masks_again(tmp_path, track, digest, monkeypatch):
    home, theirs = tmp_path / "home", tmp_path / "their place"
    recipe = build_config({"sequences": [{"name": "01", "simulate": RECIPE}]}).sequences[0].simulate
    run_simulate(recipe, home / "data" / "Demo", "01")
    raw = {"dataset": "Demo", "out": "results", "sequences": [{"name": "01", "images": "data/Demo/01"}], **SETTINGS}
    monkeypatch.chdir(home)
    track(raw)
    (home / "demo.yaml").write_text(yaml.safe_dump(raw))
    submit = [sys.executable, "-m", "samtrack.cli", "submit", "--config", "demo.yaml", "--sequence", "01"]
    done = subprocess.run([*submit, "--training", "allST"], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(home / "results" / "submission.zip") as archive:
        archive.extractall(theirs)
    expected = digest(theirs / "Demo" / "01_RES-allST", "*")
    assert len(expected) == 6
    shutil.rmtree(theirs / "Demo")
    shutil.copytree(home / "data" / "Demo" / "01", theirs / "Demo" / "01")
    home.rename(tmp_path / "gone")  # nothing of the run is needed

    monkeypatch.chdir(tmp_path)
    told = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    told |= {"SAMTRACK_PYTHON": sys.executable}
    command = ["bash", str(theirs / "SW" / "Demo-01-allST.sh")]
    done = subprocess.run(command, env=told, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr + done.stdout
    assert digest(theirs / "Demo" / "01_RES-allST", "*") == expected
    assert sorted(path.name for path in (theirs / "Demo").iterdir()) == ["01", "01_RES-allST"]
