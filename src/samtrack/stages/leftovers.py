"""Slurm jobs that a killed run left behind: found in the queue and cancelled before the next run of the folder begins.

Ctrl-C takes the jobs of a run with it; SIGKILL, a lost login node or a reboot does not. Left alone, such jobs would go on
beside those of the next run and do the same work twice. Every run therefore notes in its output folder under which name its
jobs go. What they finished counts as finished; what they were at is begun anew.
"""

from __future__ import annotations

import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from samtrack.config import Config
from samtrack.config.layout import RUN_CONFIG, SLURM_FILE, Layout
from samtrack.errors import PlanError
from samtrack.io.atomic import sweep_other_machines, written_file

WAIT_S = 60.0
"""Seconds until cancelled jobs must have left the queue; Slurm gives their processes some (KillWait, 30 s) to end."""

PAUSE_S = 0.5
"""Seconds between two looks at the queue."""

ANSWER_S = 60.0
"""Seconds for a command of Slurm to answer, as Snakemake's plugin gives them."""


def name_of_jobs(workflow: Any) -> str:
    """The name that the executor of a Snakemake workflow gives to all Slurm jobs of this run; empty without Slurm."""
    sent = next((job for job in workflow.dag.jobs if not job.is_local), None)
    return str(getattr(workflow.scheduler.get_executor(sent), "run_uuid", "")) if sent is not None else ""


def noted(out: Path) -> list[str]:
    """What the Slurm jobs of earlier runs in ``out`` are called; empty if the last run there ended well or without Slurm."""
    note = out / SLURM_FILE
    return note.read_text(encoding="utf-8").split() if note.exists() else []


def forget(out: Path) -> None:
    """The run ended well: it has left nothing behind."""
    (out / SLURM_FILE).unlink(missing_ok=True)


def sweep_lost_nodes(config: Config) -> None:
    """Remove what jobs had begun to write on nodes that were lost. For the end of a run: no job is left."""
    out = Path(config.out)
    layouts = [Layout(out, sequence.name) for sequence in config.sequences]
    work = [folder for layout in layouts for folder in (layout.work, *layout.work.glob("*/"))]
    for folder in (out, *work, *(layout.tracked.parent for layout in layouts)):
        sweep_other_machines(folder)


def clear_leftovers(out: Path, name: str) -> str:
    """Cancel what earlier runs of ``out`` left in Slurm's queue, note ``name`` for the next one; what there is to say.

    Call it only while holding the folder's lock, which tells that no earlier run still lives.
    """
    names = noted(out)
    try:
        said = _cancelled(names, out) if names else ""
        names = []
    except (OSError, subprocess.SubprocessError) as error:
        said = (
            f"samtrack: Slurm cannot be asked whether jobs of an earlier run in {out} are still in its queue "
            f"({_reason(error)}). They would do no harm, but work twice; to be sure: squeue --name={','.join(names)}"
        )
    names = [*names, name] if name else names
    if names:
        with written_file(out / SLURM_FILE) as part:
            part.write_text("\n".join(names) + "\n", encoding="utf-8")
    else:
        forget(out)
    return said


def adopt_outputs(workflow: Any, out: Path, same_settings: bool) -> None:
    """Make known to Snakemake by which settings outputs were made that jobs finished after their run had been killed.

    Such outputs count as complete, but only the killed run could have recorded how they were made; without a record no
    change of the settings would ever have them made again. With the settings of that run the record is written now; with
    others the run is refused.
    """
    dag, persistence = workflow.dag, workflow.persistence
    jobs = [job for job in dag.jobs if job.output and not dag.needrun(job) and not persistence.has_metadata(job)]
    if jobs and not same_settings:
        rules = " ".join(sorted({str(job.rule) for job in jobs}))
        raise PlanError(
            f"{out}: {len(jobs)} jobs (rules {rules}) ended after their run had been killed, by the settings in "
            f"{out / RUN_CONFIG}; this run has others. Have them made again with --forcerun {rules}, or start the "
            "former settings once."
        )
    for job in jobs:
        workflow.async_run(persistence.finished(job))


def _cancelled(names: Sequence[str], out: Path) -> str:
    found = _queued(names)
    if not found:
        return ""
    _ask("scancel", *found)
    deadline = time.monotonic() + WAIT_S
    while left := _queued(names):
        if time.monotonic() > deadline:
            break
        time.sleep(PAUSE_S)
    told = f"samtrack: {len(found)} Slurm jobs of an earlier run in {out} cancelled ({', '.join(found)})"
    return f"{told}; still ending: {', '.join(left)}" if left else told


def _queued(names: Sequence[str]) -> list[str]:
    """Numbers of the jobs of these names that have not ended."""
    text = _ask("squeue", "--noheader", f"--name={','.join(names)}", "--format=%A")
    return sorted(set(text.split()), key=int)


def _ask(command: str, *arguments: str) -> str:
    if shutil.which(command) is None:
        raise FileNotFoundError(f"{command} is not on PATH")
    done = subprocess.run([command, *arguments], check=True, capture_output=True, text=True, timeout=ANSWER_S)
    return done.stdout


def _reason(error: Exception) -> str:
    said = getattr(error, "stderr", None)
    return str(said).strip() if said else str(error)
