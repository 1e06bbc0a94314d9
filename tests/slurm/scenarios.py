"""All faults by name, in the order of the table in docs/cluster.md."""

from __future__ import annotations

from collections.abc import Callable

from tests.slurm import faults, faults_of_runs
from tests.slurm.lab import Cost, Lab

FAULTS: dict[str, Callable[[Lab], Cost]] = {
    fault.__name__: fault
    for fault in (
        faults.cancelled,
        faults.killed,
        faults.node_lost,
        faults.too_much_memory,
        faults.too_much_time,
        faults.late_files,
        faults_of_runs.snakemake_killed,
        faults_of_runs.disk_full,
        faults_of_runs.read_only,
        faults_of_runs.two_runs,
    )
}
"""Each takes the lab, breaks something, checks the end, and tells the cost."""

AGAIN = dict.fromkeys(FAULTS, 1) | {"late_files": 0, "read_only": 0, "two_runs": 0}
"""Commands that have to be done again: those that a fault hit at their work, and no others."""
