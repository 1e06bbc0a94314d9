"""What Slurm wrote into the logs of jobs that it ended itself: those had no chance to say anything of their own."""

from __future__ import annotations

import re
from pathlib import Path

LOGS = Path(".snakemake") / "slurm_logs"
"""Where Snakemake's plugin puts them, ``RULE/WILDCARDS/JOB.log``, as seen from where the run started; it removes those of
jobs that ended well."""

SAID = re.compile(r"^slurmstepd\S*: error: (?P<said>.*(?:memory limit|oom|out.of.memory|CANCELLED AT).*)$", re.I | re.M)

ADVICE = {
    r"memory|oom": "It needs more memory: --set-resources {rule}:mem_mb=MB, or less work at once (resources.memory_gb).",
    r"TIME LIMIT": "It needs more time: --set-resources {rule}:runtime=MINUTES.",
    r"NODE FAILURE": "Its node was lost; the same command sends it again.",
    r"PREEMPTION": "Another job took its place; the same command sends it again.",
    r"CANCELLED": "Somebody cancelled it, or the run was stopped; the same command sends it again.",
}
"""What to do, by what Slurm says; the first that fits counts."""


def said_by_slurm(since: float, folder: Path = LOGS) -> list[str]:
    """One text per job that Slurm ended after ``since`` (seconds since 1970): which, why, what to do, where its log is."""
    found = []
    for path in sorted(folder.glob("*/**/*.log")):
        if path.stat().st_mtime < since:
            continue
        lines = [
            match["said"].strip(" *") for match in SAID.finditer(path.read_text(encoding="utf-8", errors="replace"))
        ]
        if lines:
            rule = path.relative_to(folder).parts[0].removeprefix("rule_")
            why = next(line for pattern in ADVICE for line in lines if re.search(pattern, line, re.I))
            advice = next(text for pattern, text in ADVICE.items() if re.search(pattern, why, re.I))
            found.append(f"\nSlurm ended job {path.stem} ({rule}): {why}. {advice.format(rule=rule)}\n  log: {path}")
    return found
