"""The limit around the tests on Slurm: what takes too long is ended, with all that belongs to its cluster. Without Slurm."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from tests.slurm.run import TOO_LONG, belonging, kill_all, limited

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
STUBBORN = [sys.executable, "-c", "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(60)"]


def test_a_command_that_ends_in_time_has_its_own_status():
    assert limited([sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ), 30) == 3


def test_a_command_that_takes_too_long_is_interrupted_and_then_killed():
    began = time.monotonic()
    assert limited(SLEEP, dict(os.environ), 0.1) == TOO_LONG
    assert limited(STUBBORN, dict(os.environ), 1, ending=0.5) == TOO_LONG
    assert time.monotonic() - began < 30


def test_all_that_belongs_to_a_cluster_is_killed_and_nothing_else(tmp_path: Path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    ours = subprocess.Popen(SLEEP, env=os.environ | {"SLURM_CONF": str(mine / "box" / "slurm.conf")})
    theirs = subprocess.Popen(SLEEP, env=os.environ | {"SLURM_CONF": str(other / "slurm.conf")})
    try:
        assert [process.pid for process in belonging(mine)] == [ours.pid]
        assert kill_all(mine) == 1
        assert belonging(mine) == []
        assert theirs.poll() is None
        assert kill_all(mine) == 0
    finally:
        for process in (ours, theirs):
            process.kill()
            process.wait()
