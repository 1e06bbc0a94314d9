"""The rule that fine-tunes: it is run for its own target only, and on the masks of the run's sequences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(("target", "jobs"), [("train", 1), ("all", 0)])
def test_training_is_planned_when_asked_for(tmp_path: Path, target: str, jobs: int) -> None:
    recipe = {"kind": "nuclei", "frames": 2, "shape_px": [8, 16, 16]}
    config = {"out": "out", "sequences": [{"name": "01", "simulate": recipe}], "train3d": {"name": "mine"}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", target, "--dry-run", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--cores", "1", "--configfile", "config.yaml", "--workflow-profile", "none"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert said.count("rule train_sammed3d:") == jobs
    assert ("out/weights/mine/model.safetensors" in said) == bool(jobs)
    assert "rule simulate:" in said
