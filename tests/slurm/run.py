"""Run the tests of this folder on a cluster of their own within a time limit; `make test-slurm` calls it.

    python -m tests.slurm.run [options of pytest]

Tests stop their cluster themselves. When they take too long they are interrupted, and where even that fails everything that
belongs to the cluster is killed: nothing is left running, and continuous integration never hangs.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psutil

LIMIT_S = 45 * 60
"""Seconds for all tests; they take a third of it on two cores that do nothing else."""

ENDING_S = 90
"""Seconds that interrupted tests have to stop their cluster; that takes them 2 to 20."""

TOO_LONG = 124
"""The exit status of tests that took too long, as `timeout` has it."""


def limited(command: Sequence[str], environment: dict[str, str], seconds: float, ending: float = ENDING_S) -> int:
    """The exit status of a command that is interrupted after some seconds and killed after some more."""
    if (
        signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    ):  # as for what a shell starts in the background; it is inherited
        signal.signal(signal.SIGINT, signal.default_int_handler)
    process = subprocess.Popen(command, env=environment, start_new_session=True)
    try:
        return process.wait(seconds)
    except (subprocess.TimeoutExpired, KeyboardInterrupt):
        process.send_signal(signal.SIGINT)
        try:
            process.wait(ending)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        return TOO_LONG


def belonging(folder: Path) -> list[psutil.Process]:
    """Processes of clusters whose files lie below a folder: daemons, jobs, what starts them, and runs that send some."""
    found: dict[int, psutil.Process] = {}
    for process in psutil.process_iter():
        try:
            if Path(process.environ().get("SLURM_CONF", "")).is_relative_to(folder):
                starters = [one for one in process.parents() if one.name() == "slurmstepd"]  # these have no variables
                found |= {one.pid: one for one in (process, *starters)}
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return list(found.values())


def kill_all(folder: Path) -> int:
    """Kill all that belongs to a folder, and what it starts meanwhile; how many they were."""
    killed = 0
    while left := [process for process in belonging(folder) if process.status() != psutil.STATUS_ZOMBIE]:
        for process in left:
            try:
                process.kill()
            except psutil.NoSuchProcess:
                continue
        psutil.wait_procs(left, timeout=5)
        killed += len(left)
    return killed


def main(options: Sequence[str]) -> int:
    """Run pytest; its status, or that of a run that took too long. Its files are kept where a test failed."""
    folder = Path(tempfile.mkdtemp(prefix="st-"))
    folder.chmod(0o755)  # munged wants its socket where everybody could reach it
    environment = os.environ | {"SAMTRACK_TEST_SLURM": "1", "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "pytest", str(Path(__file__).parent), "-v", "-rs", "--durations=0", *options]
    status = TOO_LONG
    try:
        status = limited(command, environment, LIMIT_S)
    finally:
        killed = kill_all(folder)
        if killed:
            sys.stderr.write(f"{killed} processes of the tests' cluster were still there and have been killed\n")
        if status == 0:
            shutil.rmtree(folder, ignore_errors=True)
        else:
            why = f"not done within {LIMIT_S} s" if status == TOO_LONG else "some failed"
            sys.stderr.write(f"tests on Slurm: {why}; their files are in {folder}\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
