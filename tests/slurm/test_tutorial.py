"""The tutorial on Slurm, with the commands that other tests leave out for want of a cluster."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import ROOT, steps
from tests.docs.tutorials import follow, project_folder
from tests.slurm.cluster import Cluster

pytestmark = [pytest.mark.slurm, pytest.mark.workflow]


def test_the_tutorial_on_slurm(cluster: Cluster, tmp_path: Path) -> None:
    before = {job.id for job in cluster.jobs()}
    page = ROOT / "docs" / "tutorials" / "slurm.md"
    assert follow(page, project_folder(tmp_path / "samtrack"), cluster.environment, with_slurm=True) == len(steps(page))
    assert {job.id for job in cluster.jobs()} - before, "nothing was sent to Slurm"
