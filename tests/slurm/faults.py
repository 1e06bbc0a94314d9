"""What a cluster does to the jobs of a run, one function per fault: break something, see the run through, tell its cost.

Each takes away what one stage of a finished run made and gives the plain command again, so that this stage and all after it
are done on the cluster, with a fault on the way. At the end the result must be that of the undisturbed run byte for byte,
nothing half-written may be left, and no command that had finished may have been started again.
"""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from tests.slurm.checks import check, half_written, jobs_since, last_job, states
from tests.slurm.cluster import wait_until
from tests.slurm.lab import Cost, Lab, Work, cost_of

CHUNK = "tracks.part-"
"""The first file of the tracked labels, one with voxels, in a store that has not its name yet."""

TAKES_MB = 2800
"""More than export asks for at first (2500 MB, with Snakemake's own) and less than it asks for then (3750 MB)."""


def cancelled(lab: Lab) -> Cost:
    """`scancel` of a job that runs."""
    work, last = lab.work("cancelled", "export"), last_job(lab)
    work.hold("tracks")
    run = work.start()
    work.wait_held(1, run)
    at = time.time()
    lab.cluster.ask("scancel", str(jobs_since(lab, last)[0].id))
    wait_until(lambda: states(lab, last)[0] == "CANCELLED", "cancelled", 30)
    work.release()
    assert run.finish() == 0, run.text
    assert states(lab, last) == ["CANCELLED", "COMPLETED", "COMPLETED"]
    check(lab, work, "export")
    return cost_of(work, "scancel of a running job", "Snakemake submitted it again", at)


def killed(lab: Lab) -> Cost:
    """SIGKILL to a samtrack process while bytes flow: half of a file is on disk."""
    work, last = lab.work("killed", "export"), last_job(lab)
    work.hold(CHUNK, "bytes")
    run = work.start()
    held = work.wait_held(1, run)
    half = Path(work.folder, held[0]["target"]).stat().st_size
    assert half > 0, "bytes are on disk"
    at = time.time()
    os.kill(held[0]["pid"], signal.SIGKILL)
    work.release()
    wait_until(lambda: states(lab, last)[0] == "FAILED", "the job's end", 60)
    assert run.finish() == 0, run.text
    chunks = (path for path in (work.folder / "out" / "01.ome.zarr" / "labels").rglob("*") if path.name.isdigit())
    whole = max(path.stat().st_size for path in chunks if path.is_file())
    assert half < whole, "they were not all of them"
    assert states(lab, last) == ["FAILED", "COMPLETED", "COMPLETED"]
    check(lab, work, "export")
    return cost_of(work, "SIGKILL of a job while bytes flow", "Snakemake submitted it again", at)


def node_lost(lab: Lab) -> Cost:
    """A node is gone with all that runs on it, in the middle of a file; it comes back later."""
    work, last = lab.work("node_lost", "export"), last_job(lab)
    work.hold(CHUNK, "bytes")
    run = work.start()
    work.wait_held(1, run)
    node = jobs_since(lab, last)[0].node
    at = time.time()
    lab.cluster.lose(node)
    left = half_written(work)
    assert [name for name in left if f".part-{node}-" in name] == left != [], "the lost node tidied nothing"
    work.release()
    try:
        assert run.finish() == 0, run.text
        assert states(lab, last) == ["COMPLETED", "COMPLETED"], "Slurm itself began the same job anew"
        assert jobs_since(lab, last)[0].node != node
    finally:
        lab.cluster.bring_back(node)
    check(lab, work, "export")
    return cost_of(work, "a node lost in mid-run", "Slurm began the job anew on another node", at)


def too_much_memory(lab: Lab) -> Cost:
    """samtrack takes more than its job asked for; the job is sent again and asks for more."""
    work, last = lab.work("too_much_memory", "export"), last_job(lab)
    work.hold("tracks", f"named takes {TAKES_MB}")
    run = work.start()
    wait_until(lambda: states(lab, last)[:1] in (["FAILED"], ["OUT_OF_MEMORY"]), "an end", 180)
    at = time.time()
    work.wait_held(1, run, at)  # what was sent again takes as much
    time.sleep(3)  # Slurm looks once a second
    assert states(lab, last)[1] == "RUNNING", "what was too much at first is not too much now"
    work.release()
    assert run.finish() == 0, run.text
    assert "Error in rule export_tracks" in run.text, f"the terminal tells of it\n{run.text}"
    first, second, _ = jobs_since(lab, last)
    assert (first.memory, second.memory, second.state) == ("2500M", "3750M", "COMPLETED")
    check(lab, work, "export")
    return cost_of(work, "a job over its memory limit", "Snakemake submitted it again with 1.5 times the memory", at)


def too_much_time(lab: Lab) -> Cost:
    """A job takes longer than it asked for; it is sent again and asks for more."""
    work, last = lab.work("too_much_time", "export"), last_job(lab)
    work.hold("tracks")
    run = work.start("--set-resources", "export_tracks:runtime=1 + 29 * (attempt - 1)")  # minutes
    wait_until(lambda: states(lab, last)[:1] == ["TIMEOUT"], "a timeout", 240, pause=1)
    at = time.time()
    work.release()
    assert run.finish() == 0, run.text
    assert states(lab, last) == ["TIMEOUT", "COMPLETED", "COMPLETED"]
    check(lab, work, "export")
    return cost_of(work, "a job over its time limit", "Snakemake submitted it again with more time", at)


def late_files(lab: Lab) -> Cost:
    """A job's input, stores and tables, becomes visible on its node seconds after the job began."""
    work, last = lab.work("late_files", "export"), last_job(lab)
    lab.cluster.close()
    try:
        run = work.start()
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
    assert states(lab, last) == ["COMPLETED", "COMPLETED"]
    check(lab, work, "export")
    return cost_of(work, "files that become visible late", "the job waited for them", at)


def _said_by_job(work: Work) -> str:
    logs = work.folder.glob(".snakemake/slurm_logs/*/*/*.log")
    return "".join(path.read_text(errors="replace") for path in logs)
