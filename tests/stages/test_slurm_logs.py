"""Reasons of Slurm in the logs of jobs; the lines are those of a real one."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from samtrack.stages.slurm_logs import said_by_slurm

MEMORY = """\
slurmstepd-n2: error: *** JOB 6 ON n2 CANCELLED AT 2026-11-22T04:47:06 ***
slurmstepd-n2: error: StepId=6.batch exceeded memory limit (213323776 > 209715200), being killed
"""
TIME = "slurmstepd-n2: error: *** JOB 8 ON n2 CANCELLED AT 2026-11-22T04:48:40 DUE TO TIME LIMIT ***\n"
KERNEL = "slurmstepd: error: Detected 1 oom_kill event in StepId=9.0. Some of the step tasks have been OOM Killed.\n"
NODE = "slurmstepd: error: *** STEP 5.0 ON n1 CANCELLED AT 2026-11-22T05:00:00 DUE TO NODE FAILURE, SEE SLURMCTLD LOG ***\n"
STOPPED = "slurmstepd: error: *** JOB 1 ON n2 CANCELLED AT 2026-11-22T05:00:00 ***\n"
NOTHING = "srun: cluster configuration lacks support for cpu binding\nslurmstepd: error: mpi/pmix cannot be loaded\n"


def written(folder: Path, text: str, rule: str = "rule_link/01_00000-00025") -> Path:
    path = folder / rule / "17.log"
    path.parent.mkdir(parents=True)
    path.write_text(f"Building DAG of jobs...\n{text}")
    return path


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        (
            MEMORY,
            "exceeded memory limit (213323776 > 209715200), being killed. It needs more memory: --set-resources link:mem_mb",
        ),
        (KERNEL, "It needs more memory"),
        (TIME, "DUE TO TIME LIMIT. It needs more time: --set-resources link:runtime"),
        (NODE, "Its node was lost"),
        (STOPPED, "Somebody cancelled it"),
    ],
)
def test_the_reason_and_what_to_do(tmp_path: Path, text: str, advice: str):
    path = written(tmp_path, text)
    (said,) = said_by_slurm(0, tmp_path)
    assert advice in said
    assert said.startswith("\nSlurm ended job 17 (link): ")
    assert str(path) in said


def test_only_what_this_run_met_and_only_reasons(tmp_path: Path):
    old = written(tmp_path, MEMORY)
    os.utime(old, (time.time() - 100, time.time() - 100))
    written(tmp_path, NOTHING, "rule_fill/01")
    assert said_by_slurm(time.time() - 50, tmp_path) == []
    assert said_by_slurm(0, tmp_path / "absent") == []
