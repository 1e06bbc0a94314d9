"""The rule that fetches weights, in the real workflow: once, on this machine, and again when they change."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]


def fetch_weights(folder: Path, weights: Path) -> subprocess.CompletedProcess[str]:
    (folder / "01").mkdir(exist_ok=True)
    sequence = {"name": "01", "images": "01", "frames": 2}
    config = {"out": "out", "sequences": [sequence], "blocks": {"frames": 2}, "sam2": {"weights": str(weights)}}
    (folder / "config.yaml").write_text(yaml.safe_dump(config))
    command = [sys.executable, "-m", "snakemake", "fetch_weights", "--snakefile", str(ROOT / "Snakefile")]
    command += ["--cores", "1", "--configfile", "config.yaml", "--workflow-profile", "none"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)


def test_weights_are_marked_before_any_job(tmp_path: Path) -> None:
    (tmp_path / "mine.pt").write_bytes(b"abc")
    done = fetch_weights(tmp_path, tmp_path / "mine.pt")
    assert done.returncode == 0, done.stderr
    assert "localrule fetch_weights" in done.stdout + done.stderr
    mark = tmp_path / "out" / "weights.sha256"
    assert mark.read_text().startswith("ba7816bf8f01cfea")
    assert "here, SHA-256" in (tmp_path / "out" / "logs" / "weights.log").read_text()
    again = fetch_weights(tmp_path, tmp_path / "mine.pt")
    assert "localrule fetch_weights" not in again.stdout + again.stderr


def test_weights_that_are_not_there_stop_the_run_with_a_reason(tmp_path: Path) -> None:
    done = fetch_weights(tmp_path, tmp_path / "none.pt")
    assert done.returncode != 0
    assert "neither a name in the registry nor an existing file" in done.stdout + done.stderr
