"""What happens to a run as a whole: Snakemake killed, no room or no right to write, two runs on one folder, all in turn.

As in `faults`, whose rules hold here, too.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

from tests.slurm.checks import NotHereError, check, jobs_since, last_job, states
from tests.slurm.cluster import wait_until
from tests.slurm.lab import STAGES, Cost, Lab, Work, cost_of


def snakemake_killed(lab: Lab) -> Cost:
    """Snakemake itself is killed; one of its jobs ends well afterwards, one is still at it when the run is started again."""
    work, last = lab.work("snakemake_killed", "link"), last_job(lab)
    first, second = sorted(name.split("--block ")[1] for name in lab.commands("link"))
    new = work.start(
        "--cleanup-metadata", *lab.made_by("link"), profile=""
    )  # as in a folder where they were never made
    assert new.finish() == 0, new.text
    work.hold(first)
    work.hold(second)
    run = work.start()
    work.wait_held(2, run)
    at = time.time()
    run.kill()
    (work.holds / first).unlink()
    wait_until(lambda: sorted(states(lab, last)) == ["COMPLETED", "RUNNING"], "one of the jobs", 60)
    left = next(job.id for job in jobs_since(lab, last) if job.state == "RUNNING")

    changed = work.folder / "changed.yaml"
    changed.write_text("link: {candidates: 3}\n")
    other = work.start("--configfile", "config.yaml", changed.name)
    assert other.finish() != 0, other.text
    assert f"1 Slurm jobs of an earlier run in out cancelled ({left})" in other.text
    assert "1 jobs (rules link) ended after their run had been killed" in other.text
    assert sorted(states(lab, last)) == ["CANCELLED", "COMPLETED"], "other settings: nothing was submitted"

    work.release()
    again = work.start()
    assert again.finish() == 0, again.text
    assert sorted(states(lab, last)) == ["CANCELLED"] + 7 * ["COMPLETED"], (
        "2 of link, then associate, 2 of fill, export, report"
    )
    check(lab, work, "link")
    dry = work.start("--dry-run", "--configfile", "config.yaml", changed.name, "--quiet", "progress")
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
        run = work.start("--retries", "0")
        assert run.finish() != 0, run.text
        assert "The disk is full: free space" in run.text
        ballast.unlink()
        again = work.start()
        assert again.finish() == 0, again.text
        assert states(lab, last) == ["FAILED", "COMPLETED"]
        check(lab, work, "report")
        return cost_of(work, "a full disk", "the run ended and said so; started again when there was room", at)
    finally:
        subprocess.run(["umount", str(work.folder / "out")], check=False, capture_output=True)


def read_only(lab: Lab) -> Cost:
    """Nothing may be written where results go: the run ends before any job, and completes when it may."""
    work, last = lab.work("read_only", "export"), last_job(lab)
    out = str(work.folder / "out")
    try:
        _on_a_disk_of_its_own(work, megabytes=64)
        subprocess.run(["mount", "-o", "remount,ro", out], check=True)
        at = time.time()
        run = work.start()
        assert run.finish() != 0, run.text
        assert "cannot be written" in run.text
        assert "Choose another output folder or change its permissions" in run.text
        assert states(lab, last) == [], "nothing was submitted"
        subprocess.run(["mount", "-o", "remount,rw", out], check=True)
        again = work.start()
        assert again.finish() == 0, again.text
        check(lab, work, "export")
        return cost_of(work, "a read-only output", "the run ended before any job and said so; started again", at)
    finally:
        subprocess.run(["umount", out], check=False, capture_output=True)


def two_runs(lab: Lab) -> Cost:
    """A second run on the same output: it is turned away, the first goes on undisturbed."""
    work, last = lab.work("two_runs", "export"), last_job(lab)
    work.hold("tracks")
    run = work.start()
    work.wait_held(1, run)
    at = time.time()
    second = work.start()
    assert second.finish() != 0, second.text
    assert "another run is working here" in second.text
    work.release()
    assert run.finish() == 0, run.text
    assert states(lab, last) == ["COMPLETED", "COMPLETED"], "the second run submitted and cancelled nothing"
    check(lab, work, "export")
    return cost_of(work, "two runs on one output", "the second was turned away before any job", at)


def many(lab: Lab) -> Cost:
    """A run from the images to the page through four faults, one after another, each in another stage."""
    work, last = lab.empty("many"), last_job(lab)
    first, second = sorted(name.split("--block ")[1] for name in lab.commands("link"))
    began = time.time()

    work.hold("01_work?labels")  # segment: one of its two jobs is cancelled
    run = work.start()
    held = work.wait_held(2, run)
    lab.cluster.ask("scancel", held[0]["SLURM_JOB_ID"])
    for block in (first, second):
        work.hold(f"01_work?detections?{block}")
    at = time.time()
    (work.holds / "01_work?labels").unlink()

    held = work.wait_held(2, run, at)  # measure: one of two commands in one job is killed when the other has ended
    (work.holds / f"01_work?detections?{first}").unlink()
    wait_until(lambda: [e.ended_well for e in work.executions() if first in e.command][-1:] == [True], "measure", 60)
    os.kill(next(entry["pid"] for entry in held if second in entry["target"]), signal.SIGKILL)
    at = time.time()
    work.release()

    work.hold("01_work?merges")  # link: a node is lost, and its jobs with it
    held = work.wait_held(2, run, at)
    node = held[0]["SLURMD_NODENAME"]
    lost = sum(entry["SLURMD_NODENAME"] == node for entry in held)
    lab.cluster.lose(node)
    try:
        work.hold("01_work?filled")
        at = time.time()
        (work.holds / "01_work?merges").unlink()

        held = work.wait_held(2, run, at)  # fill: Snakemake is killed
        run.kill()
        work.hold(f"01_work?filled?{second}")
        (work.holds / "01_work?filled").unlink()
        wait_until(lambda: states(lab, last).count("RUNNING") == 1, "one of two jobs", 60)
        again = work.start()
        wait_until(lambda: "jobs of an earlier run in out cancelled" in again.text, "what was left", 60)
        work.release()
        assert again.finish() == 0, again.text
    finally:
        lab.cluster.bring_back(node)
    check(lab, work, STAGES[0], light_job_fails=True)
    cost = cost_of(work, "four of these in one run, from images to page", "", began)
    told = f"{lost} jobs lost with their node, 1 cancelled, 1 left by Snakemake, 1 of 2 commands in a job killed"
    assert lost + 3 <= cost.commands_again <= lost + 4, f"{told}: what runs again are these, and what shared the job"
    return replace(cost, what_happened=told)
