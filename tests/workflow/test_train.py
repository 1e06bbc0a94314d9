"""The rule that fine-tunes: run for its own target only, on the masks of the run's sequences, for the run that names it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from samtrack.config.load import merge
from samtrack.testing.networks import SMALL_SAM3D

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]
RECIPE = {"kind": "nuclei", "frames": 2, "shape_px": [12, 32, 32], "um_per_voxel": [1, 1, 1]}
TRAIN = {
    "name": "mine",
    "start": "scratch",
    "architecture": SMALL_SAM3D,
    "cell_px": 13,
    "steps": 1,
    "pool": 2,
    "workers": 0,
    "held_out": 2,
    "simulated": 0,
}
CONFIG: dict[str, Any] = {
    "out": "out",
    "mode": "track",
    "sequences": [{"name": "01", "simulate": RECIPE}],
    "movie": {"cell_diameter_um": 10},
    "sammed3d": {"weights": "out/weights/mine", "device": "cpu"},
    "train3d": TRAIN,
}
LABELS = "out/01_work/labels/00000-00002.zarr/zarr.json"


def snakemake(folder: Path, target: str, *more: str, **sections: Any) -> str:
    """What a run says that must go well."""
    (folder / "config.yaml").write_text(yaml.safe_dump(merge(CONFIG, sections)))
    command = [sys.executable, "-m", "snakemake", target, *more, "--snakefile", str(ROOT / "Snakefile")]
    command += ["--cores", "1", "--configfile", "config.yaml", "--workflow-profile", "none"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.mark.parametrize(("target", "jobs"), [("train", 1), ("all", 0)])
def test_training_is_planned_when_asked_for(tmp_path: Path, target: str, jobs: int) -> None:
    said = snakemake(tmp_path, target, "--dry-run")
    assert said.count("rule train_sammed3d:") == jobs
    assert ("out/weights/mine/model.safetensors" in said) == bool(jobs)
    assert "rule simulate:" in said


def test_a_run_draws_by_the_weights_that_it_trained(tmp_path: Path) -> None:
    snakemake(tmp_path, "train")
    assert "step 1: held out iou" in (tmp_path / "out" / "logs" / "train_sammed3d.log").read_text()
    snakemake(tmp_path, LABELS)
    assert (
        "out/weights/mine runs on cpu" in (tmp_path / "out" / "logs" / "01" / "segment" / "00000-00002.log").read_text()
    )
    (tmp_path / "out" / "weights" / "mine" / "model.safetensors").write_bytes(b"others")
    said = snakemake(tmp_path, "all", "--dry-run")
    assert "rule segment:" in said
    assert "rule fill:" in said
