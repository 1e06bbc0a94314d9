"""One cluster and one finished run for all tests of this folder; nothing is started where they are skipped."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.slurm.cluster import Cluster, missing
from tests.slurm.lab import Lab

WANTED = "SAMTRACK_TEST_SLURM"


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A running cluster, stopped at the end. Its folder has a short path: sockets lie there."""
    if not os.environ.get(WANTED):
        pytest.skip(f"takes many minutes; `make test-slurm` runs it (or {WANTED}=1)")
    if missing():
        pytest.skip(missing())
    box = Path(tempfile.mkdtemp(prefix="slurm-"))
    started = Cluster(box)
    try:
        yield started.start()
    finally:
        started.stop()
        shutil.rmtree(box, ignore_errors=True)


@pytest.fixture(scope="session")
def lab(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Lab:
    """The movie and its finished local run."""
    return Lab(cluster, tmp_path_factory.mktemp("lab")).build()
