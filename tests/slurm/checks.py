"""What every fault's scenario asks: which jobs were sent and how they ended, and whether the run came to the same end."""

from __future__ import annotations

from tests.slurm.cluster import Job
from tests.slurm.lab import STAGES, Lab, Work


class NotHereError(Exception):
    """This machine cannot show the fault; the message says why."""


LIGHT = "measure"
"""The commands of this stage share jobs of Slurm's (`groups` in the profile), and with them their fate."""


def check(lab: Lab, work: Work, since: str, light_job_fails: bool = False) -> None:
    """The result is the undisturbed one, nothing half-written is left, and each command from a stage on ended well once.

    Where a job of light commands was made to fail, those of them that had ended well may be done again, too.
    """
    assert work.digest() == lab.finished.digest()
    assert half_written(work) == [], "something half-written is left"
    ended = [done for done in work.executions() if done.ended_well]
    well = sorted(done.command for done in ended)
    if light_job_fails:
        once = {done.command for done in ended if done.stage == LIGHT}
        well = sorted([done.command for done in ended if done.stage != LIGHT] + list(once))
    assert well == lab.commands(*STAGES[STAGES.index(since) :]), (
        "each command ended well once, and no other was started"
    )


def half_written(work: Work) -> list[str]:
    """Temporary files and folders below the output folder, by name."""
    return sorted(path.name for path in (work.folder / work.out).rglob("*.part-*"))


def last_job(lab: Lab) -> int:
    """The number of the newest job; what a scenario submits has higher ones."""
    return max((job.id for job in lab.cluster.jobs()), default=0)


def jobs_since(lab: Lab, last: int) -> list[Job]:
    """Jobs submitted after one, oldest first."""
    return [job for job in lab.cluster.jobs() if job.id > last]


def states(lab: Lab, last: int) -> list[str]:
    """How the jobs after one ended, oldest first."""
    return [job.state for job in jobs_since(lab, last)]


def rules(lab: Lab, last: int) -> list[str]:
    """The rules of the jobs after one, oldest first, as the plugin writes them into their comments."""
    return [job.comment.removeprefix("rule_").partition("_wildcards")[0] for job in jobs_since(lab, last)]
