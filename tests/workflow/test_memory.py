"""Jobs on one machine ask together for no more memory than it has."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.workflow

ROOT = Path(__file__).parents[2]
MOVIE = "{name: '01', simulate: {frames: 3, shape_px: [64, 64], cells: {count: 3}}}"


def provided_mb(folder: Path, target: str, *arguments: str) -> int:
    """What Snakemake shares out among its jobs, of a run that asks for more memory than any machine has."""
    (folder / "d.yaml").write_text(f"out: {folder}/out\nsequences: [{MOVIE}]\nresources: {{memory_gb: 100000}}\n")
    command = [sys.executable, "-m", "snakemake", "--cores", "2", "--configfile", str(folder / "d.yaml"), *arguments]
    command += ["--quiet", "host", "--", str(folder / "out" / target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "out" / target).exists()
    found = re.search(r"mem_mb\D+(\d+)", done.stderr)
    assert found, done.stderr
    return int(found[1])


def test_a_machine_shares_out_what_it_has_and_a_larger_job_still_runs(tmp_path: Path) -> None:
    total_mb = psutil.virtual_memory().total / 1e6
    assert 0.3 * total_mb < provided_mb(tmp_path, "simulated/01_GT/TRA/man_track.txt") < total_mb


def test_the_users_own_limit_holds(tmp_path: Path) -> None:
    assert provided_mb(tmp_path, "simulated/01_GT/TRA/man_track.txt", "--resources", "mem_mb=3000") == 3000
