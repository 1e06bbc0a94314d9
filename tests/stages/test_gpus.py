"""One GPU per job: the first that nobody has, free again when its job ends, however it ends."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from samtrack.stages.gpus import SCHEDULED, free_gpu

JOB = "import sys; from pathlib import Path; from samtrack.stages.gpus import free_gpu; "
JOB += "print(free_gpu('auto', 2, Path(sys.argv[1])), flush=True); sys.stdin.read()"


@pytest.fixture(autouse=True)
def _nobody_schedules(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*SCHEDULED, "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)


def job(folder: Path) -> tuple[subprocess.Popen[str], str]:
    """A process that takes a GPU and keeps it until it is told to end; and what it took."""
    command = [sys.executable, "-c", JOB, str(folder)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_jobs_take_different_gpus_and_a_killed_one_leaves_its_own_to_the_next(tmp_path: Path) -> None:
    (first, a), (second, b) = job(tmp_path), job(tmp_path)
    assert (a, b) == ("cuda:0", "cuda:1")
    third, shared = job(tmp_path)
    assert shared in (a, b), "all are taken: it shares"
    first.kill()
    first.wait()
    fourth, again = job(tmp_path)
    assert again == a
    for process in (second, third, fourth):
        process.communicate("", timeout=20)


@pytest.mark.parametrize(("asked", "count"), [("auto", 0), ("auto", 1), ("cuda", 4), ("cpu", 4), ("cuda:3", 4)])
def test_who_names_a_device_or_has_one_gpu_gets_what_was_asked(asked: str, count: int, tmp_path: Path) -> None:
    assert free_gpu(asked, count, tmp_path) == asked
    assert not list(tmp_path.iterdir())


def test_slurm_gives_out_gpus_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "17")
    assert free_gpu("auto", 4, tmp_path) == "auto"


def test_gpus_are_known_by_their_names_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "5,7")
    assert free_gpu("auto", 2, tmp_path) == "cuda:0"
    assert [path.name for path in tmp_path.iterdir()] == ["5.lock"]
