"""A site's profile that Slurm refuses: the run ends, and the terminal says why."""

from __future__ import annotations

import pytest
from tests.slurm.checks import last_job, states
from tests.slurm.lab import Lab

pytestmark = [pytest.mark.slurm, pytest.mark.workflow]


def test_a_partition_that_is_not_there(lab: Lab):
    work, last = lab.work("no_partition", "report"), last_job(lab)
    run = work.start("--default-resources", "slurm_partition=absent", "--retries", "0")
    assert run.finish() != 0, run.text
    assert "absent" in run.text
    assert "partition" in run.text.lower()
    assert "Traceback" not in run.text
    assert states(lab, last) == []
    logs = sorted(work.folder.glob(".snakemake/log/*.log"), key=lambda path: path.stat().st_mtime)
    log = logs[-1].read_text()  # those before came with the copy of the finished run
    assert "Provided remote nodes: 200" in log
    assert "Provided resources" not in log, "the memory of this machine is no limit to jobs that run elsewhere"
