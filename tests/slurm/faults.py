"""What a cluster does to a run, one function per fault: break something, see the run through, tell what it cost.

Each takes away what one stage of a finished run made and has it made again on the cluster, with a fault on the way. At the
end the result must be that of the undisturbed run byte for byte, nothing half-written may be left, and no command that had
finished may have been started again.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.slurm.cluster import Job, wait_until
from tests.slurm.lab import Cost, Lab, Work, cost_of


class NotHereError(Exception):
    """This machine cannot show the fault; the message says why."""


def check(lab: Lab, work: Work, stage: str) -> None:
    """The result is the undisturbed one, nothing is half-written, nothing finished was done again."""
    assert work.digest() == lab.finished.digest()
    assert not list((work.folder / work.out).rglob("*.part-*")), "something half-written is left"
    well = sorted(done.command for done in work.executions() if done.ended_well)
    assert well == lab.commands(stage), "each command ended well once"


def last_job(lab: Lab) -> int:
    """The number of the newest job; what a scenario submits has higher ones."""
    return max((job.id for job in lab.cluster.jobs()), default=0)


def jobs_since(lab: Lab, last: int) -> list[Job]:
    """Jobs submitted after one."""
    return [job for job in lab.cluster.jobs() if job.id > last]


def states(lab: Lab, last: int) -> list[str]:
    """How the jobs after one ended, oldest first."""
    return [job.state for job in jobs_since(lab, last)]


def cancelled(lab: Lab) -> Cost:
    """`scancel` of a job that runs."""
    work, last = lab.work("cancelled", "associate"), last_job(lab)
    work.hold("merges.parquet")
    run = work.start(*lab.targets("associate"))
    work.wait_held(1, run)
    at = time.time()
    lab.cluster.ask("scancel", str(last + 1))
    wait_until(lambda: states(lab, last)[0] == "CANCELLED", "cancelled", 30)
    work.release()
    assert run.finish() == 0, run.text
    assert states(lab, last) == ["CANCELLED", "COMPLETED"]
    check(lab, work, "associate")
    return cost_of(work, "scancel of a running job", "Snakemake submitted it again", at)


def killed(lab: Lab) -> Cost:
    """SIGKILL to a samtrack process that has written its store and not yet given it its name."""
    work, last = lab.work("killed", "export"), last_job(lab)
    work.hold("tracks")
    run = work.start(*lab.targets("export"))
    held = work.wait_held(1, run)
    assert list((work.folder / "out").rglob("*.part-*")), "it is in the middle of writing"
    at = time.time()
    os.kill(held[0]["pid"], signal.SIGKILL)
    work.release()
    assert run.finish() == 0, run.text
    assert states(lab, last) == ["FAILED", "COMPLETED"]
    check(lab, work, "export")
    return cost_of(work, "SIGKILL of a job while it writes", "Snakemake submitted it again", at)


def node_lost(lab: Lab) -> Cost:
    """A node is gone in mid-run, with all that runs on it, and comes back later."""
    work, last = lab.work("node_lost", "associate"), last_job(lab)
    work.hold("merges.parquet")
    run = work.start(*lab.targets("associate"))
    work.wait_held(1, run)
    node = jobs_since(lab, last)[0].node
    at = time.time()
    lab.cluster.lose(node)
    work.release()
    try:
        assert run.finish() == 0, run.text
        assert states(lab, last) == ["COMPLETED"], "Slurm itself began the same job anew"
        assert jobs_since(lab, last)[0].node != node
    finally:
        lab.cluster.bring_back(node)
    check(lab, work, "associate")
    return cost_of(work, "a node lost in mid-run", "Slurm began the job anew on another node", at)


def too_much_memory(lab: Lab) -> Cost:
    """A job takes more than it asked for; it is sent again and asks for more."""
    work, last = lab.work("too_much_memory", "associate"), last_job(lab)
    work.hold("merges.parquet")  # so that it lives until Slurm looks, once a second
    grows = "associate:mem_mb=200 + 1800 * (attempt - 1)"  # MB; a job's Snakemake takes as much by itself
    run = work.start(*lab.targets("associate"), "--set-resources", grows)
    wait_until(lambda: states(lab, last)[:1] not in ([], ["PENDING"], ["RUNNING"], ["COMPLETING"]), "an end", 120)
    at = time.time()
    work.release()
    assert run.finish() == 0, run.text
    first, second = jobs_since(lab, last)
    assert first.state in ("FAILED", "OUT_OF_MEMORY", "CANCELLED"), first
    assert first.memory == "200M", first
    assert (second.state, second.memory) == ("COMPLETED", "2000M")
    check(lab, work, "associate")
    return cost_of(work, "a job over its memory limit", "Snakemake submitted it again with more memory", at)


def too_much_time(lab: Lab) -> Cost:
    """A job takes longer than it asked for; it is sent again and asks for more."""
    work, last = lab.work("too_much_time", "associate"), last_job(lab)
    work.hold("merges.parquet")
    run = work.start(
        *lab.targets("associate"), "--set-resources", "associate:runtime=1 + 29 * (attempt - 1)"
    )  # minutes
    wait_until(lambda: states(lab, last)[:1] == ["TIMEOUT"], "a timeout", 240, pause=1)
    at = time.time()
    work.release()
    assert run.finish() == 0, run.text
    assert states(lab, last) == ["TIMEOUT", "COMPLETED"]
    check(lab, work, "associate")
    return cost_of(work, "a job over its time limit", "Snakemake submitted it again with more time", at)


def snakemake_killed(lab: Lab) -> Cost:
    """Snakemake itself is killed; one of its jobs ends well afterwards, one is still at it when the run is started again."""
    work, last = lab.work("snakemake_killed", "link"), last_job(lab)
    first, second = sorted(name.split("--block ")[1] for name in lab.commands("link"))
    new = work.start(
        "--cleanup-metadata", *lab.targets("link"), profile=""
    )  # as in a folder where they were never made
    assert new.finish() == 0, new.text
    work.hold(first)
    work.hold(second)
    run = work.start(*lab.targets("link"))
    work.wait_held(2, run)
    at = time.time()
    run.kill()
    (work.holds / first).unlink()
    wait_until(lambda: sorted(states(lab, last)) == ["COMPLETED", "RUNNING"], "one of the jobs", 60)
    left = next(job.id for job in jobs_since(lab, last) if job.state == "RUNNING")

    changed = work.folder / "changed.yaml"
    changed.write_text("link: {candidates: 3}\n")
    other = work.start(*lab.targets("link"), "--configfile", "config.yaml", changed.name)
    assert other.finish() != 0, other.text
    assert f"1 Slurm jobs of an earlier run in out cancelled ({left})" in other.text
    assert "1 jobs (rules link) ended after their run had been killed" in other.text
    assert sorted(states(lab, last)) == ["CANCELLED", "COMPLETED"], "other settings: nothing was submitted"

    work.release()
    again = work.start(*lab.targets("link"))
    assert again.finish() == 0, again.text
    assert sorted(states(lab, last)) == ["CANCELLED", "COMPLETED", "COMPLETED"]
    check(lab, work, "link")
    dry = work.start(
        "--dry-run", *lab.targets("link"), "--configfile", "config.yaml", changed.name, "--quiet", "progress"
    )
    assert dry.finish() == 0, dry.text
    assert dry.text.count("\nrule link:") == 2, f"both blocks are known by their settings\n{dry.text}"
    what = "started again; what was still in the queue was cancelled first, what had ended counted"
    return cost_of(work, "SIGKILL of Snakemake", what, at)


def _on_a_disk_of_its_own(work: Work, megabytes: int) -> None:
    """Move the output folder to a small file system; whoever calls this unmounts it."""
    out, aside = work.folder / "out", work.folder / "aside"
    out.rename(aside)
    out.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(out)]
    done = subprocess.run(mount, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NotHereError(f"needs a file system of its own, which only root may mount: {done.stderr.strip()}")
    subprocess.run(["cp", "--archive", f"{aside}/.", str(out)], check=True)


def _fill(folder: Path, leave: int) -> Path:
    """A file that takes all but some bytes of a disk."""
    ballast = folder / "ballast"
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    ballast.write_bytes(bytes(max(free - leave, 0)))
    return ballast


def disk_full(lab: Lab) -> Cost:
    """No room is left for the page; there is room again, and the same command is given again."""
    work, last = lab.work("disk_full", "report"), last_job(lab)
    try:
        _on_a_disk_of_its_own(work, megabytes=64)
        ballast = _fill(work.folder / "out", leave=32768)
        at = time.time()
        run = work.start(*lab.targets("report"), "--retries", "0")
        assert run.finish() != 0, run.text
        assert "The disk is full: free space" in run.text
        ballast.unlink()
        again = work.start(*lab.targets("report"))
        assert again.finish() == 0, again.text
        assert states(lab, last) == ["FAILED", "COMPLETED"]
        check(lab, work, "report")
        return cost_of(work, "a full disk", "the run ended and said so; started again when there was room", at)
    finally:
        subprocess.run(["umount", str(work.folder / "out")], check=False, capture_output=True)


def read_only(lab: Lab) -> Cost:
    """Nothing may be written where results go: the run ends before any job, and completes when it may."""
    work, last = lab.work("read_only", "associate"), last_job(lab)
    out = str(work.folder / "out")
    try:
        _on_a_disk_of_its_own(work, megabytes=64)
        subprocess.run(["mount", "-o", "remount,ro", out], check=True)
        at = time.time()
        run = work.start(*lab.targets("associate"))
        assert run.finish() != 0, run.text
        assert "cannot be written" in run.text
        assert "Choose another output folder or change its permissions" in run.text
        assert states(lab, last) == [], "nothing was submitted"
        subprocess.run(["mount", "-o", "remount,rw", out], check=True)
        again = work.start(*lab.targets("associate"))
        assert again.finish() == 0, again.text
        check(lab, work, "associate")
        return cost_of(work, "a read-only output", "the run ended before any job and said so; started again", at)
    finally:
        subprocess.run(["umount", out], check=False, capture_output=True)


def two_runs(lab: Lab) -> Cost:
    """A second run on the same output: it is turned away, the first goes on undisturbed."""
    work, last = lab.work("two_runs", "associate"), last_job(lab)
    work.hold("merges.parquet")
    run = work.start(*lab.targets("associate"))
    work.wait_held(1, run)
    at = time.time()
    second = work.start(*lab.targets("associate"))
    assert second.finish() != 0, second.text
    assert "another run is working here" in second.text
    work.release()
    assert run.finish() == 0, run.text
    assert states(lab, last) == ["COMPLETED"], "the second run submitted and cancelled nothing"
    check(lab, work, "associate")
    return cost_of(work, "two runs on one output", "the second was turned away before any job", at)


def late_files(lab: Lab) -> Cost:
    """A job's input, stores and tables, becomes visible on its node seconds after the job began."""
    work, last = lab.work("late_files", "export"), last_job(lab)
    lab.cluster.close()
    try:
        run = work.start(*lab.targets("export"))
        wait_until(lambda: states(lab, last) == ["PENDING"], "a job that waits", 120)
        made, aside = work.folder / "out" / "01_work", work.folder / "not_yet"
        made.rename(aside)
    finally:
        lab.cluster.open()
    at = time.time()
    wait_until(lambda: "Waiting at most" in _said_by_job(work), "a job that misses its input", 120)
    time.sleep(5)
    assert states(lab, last) == ["RUNNING"]
    aside.rename(made)
    assert run.finish() == 0, run.text
    assert states(lab, last) == ["COMPLETED"]
    check(lab, work, "export")
    return cost_of(work, "files that become visible late", "the job waited for them", at)


def _said_by_job(work: Work) -> str:
    logs = work.folder.glob(".snakemake/slurm_logs/*/*/*.log")
    return "".join(path.read_text(errors="replace") for path in logs)


FAULTS: dict[str, Callable[[Lab], Cost]] = {
    fault.__name__: fault
    for fault in (
        cancelled,
        killed,
        node_lost,
        too_much_memory,
        too_much_time,
        snakemake_killed,
        disk_full,
        read_only,
        two_runs,
        late_files,
    )
}
"""All of them, by name, in the order of the table."""
