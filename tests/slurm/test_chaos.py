"""Failures of a cluster, on a real one; each of `faults.FAULTS` says what it breaks and what must hold after."""

from __future__ import annotations

import pytest
from tests.slurm.faults import FAULTS, NotHereError
from tests.slurm.lab import Lab

pytestmark = [pytest.mark.slurm, pytest.mark.workflow]

SUBMITTED_AGAIN = {"cancelled", "killed", "node_lost", "too_much_time", "snakemake_killed"}
"""Faults that hit one command at its work, which must be done again; the others cost none."""


@pytest.mark.parametrize("fault", FAULTS)
def test_the_run_comes_to_the_same_end(lab: Lab, fault: str):
    try:
        cost = FAULTS[fault](lab)
    except NotHereError as reason:
        pytest.skip(str(reason))
    again = {"disk_full"} | SUBMITTED_AGAIN
    if fault == "too_much_memory":
        assert cost.commands_again <= 1, "Slurm may end the job before samtrack has begun"
    else:
        assert cost.commands_again == (1 if fault in again else 0)
