"""Failures of a cluster, on a real one; each scenario says what it breaks and what must hold after."""

from __future__ import annotations

import pytest
from tests.slurm.checks import NotHereError
from tests.slurm.faults_of_runs import many
from tests.slurm.lab import Lab
from tests.slurm.scenarios import AGAIN, FAULTS

pytestmark = [pytest.mark.slurm, pytest.mark.workflow]


@pytest.mark.parametrize("fault", FAULTS)
def test_the_run_comes_to_the_same_end(lab: Lab, fault: str):
    try:
        cost = FAULTS[fault](lab)
    except NotHereError as reason:
        pytest.skip(str(reason))
    assert cost.commands_again == AGAIN[fault]


def test_a_whole_run_comes_to_the_same_end_through_four_faults(lab: Lab):
    many(lab)
