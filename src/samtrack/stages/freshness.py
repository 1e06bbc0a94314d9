"""Whether the results of a run are those of its configuration and files: by asking Snakemake what it would do."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from samtrack.errors import PlanError
from samtrack.stages.workflow import workflow_folder

RULE = re.compile(r"^(?:local)?rule (\w+):", re.MULTILINE)
"""How Snakemake names a job in a dry run."""


def rules_left(config: Path, targets: Sequence[Path]) -> list[str]:
    """Names of the rules that a run would carry out to make files anew; none if they are up to date.

    Takes a few seconds. Starts in the current folder, where the run was started.
    """
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(workflow_folder() / "Snakefile"), "--dry-run"]
    command += ["--configfile", str(config), "--cores", "1", "--workflow-profile", "none", "--nolock"]
    done = subprocess.run(
        [*command, "--rerun-incomplete", "--", *map(str, targets)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = "\n".join((done.stderr or done.stdout).strip().splitlines()[-8:])
        raise PlanError(f"{config}: Snakemake cannot say whether the results are up to date:\n{last}")
    return sorted(set(RULE.findall(done.stdout + done.stderr)) - {"all"})
