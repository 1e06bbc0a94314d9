"""Runs a tutorial as its reader would: its commands one after the other, in a folder that looks like the project's."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.docs.pages import ROOT, missing_lines, named_results, steps

PROJECT = (
    "Snakefile",
    "workflow",
    "config",
    "profiles",
    "slurm",
    "envs",
    "Makefile",
    "pyproject.toml",
    "constraints.txt",
    "src",
)
"""What of the project the commands may need."""

LIMIT_S = 600
"""Seconds for one block of commands; each takes less than 30 on two quiet cores."""


def project_folder(folder: Path) -> Path:
    """A folder with links to what of the project the commands may need, and no results."""
    folder.mkdir(exist_ok=True)
    for name in PROJECT:
        (folder / name).symlink_to(ROOT / name)
    return folder


def environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """As after `source .venv/bin/activate`, with one thread per process."""
    own = {**os.environ, **(more or {})}
    own["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), own.get("PATH", os.defpath)])
    own |= {"PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1", "PYTHONUNBUFFERED": "1"}
    return own


def follow(page: Path, folder: Path, more: Mapping[str, str] | None = None, with_slurm: bool = False) -> int:
    """Run the commands of a tutorial and compare what they print; returns how many blocks were run."""
    bash = shutil.which("bash")
    assert bash is not None
    done = 0
    for step in steps(page):
        if step.note.startswith("not run:") or (step.note == "run where Slurm is" and not with_slurm):
            continue
        ran = subprocess.run(
            [bash, "-euo", "pipefail", "-c", step.commands],
            cwd=folder,
            env=environment(more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )
        where = f"{page.name}, line {step.line}"
        assert ran.returncode == 0, f"{where}: exit status {ran.returncode}\n{step.commands}\n{ran.stdout}"
        lacking = missing_lines(step.expected, ran.stdout)
        assert not lacking, f"{where}: not printed in this order: {lacking}\n{ran.stdout}"
        done += 1
    if with_slurm or not any(step.note == "run where Slurm is" for step in steps(page)):
        absent = [name for name in named_results(page) if not (folder / name).exists()]
        assert not absent, f"{page.name} names files that its commands did not make: {absent}"
    return done
