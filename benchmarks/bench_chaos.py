"""What each fault of a cluster costs in repeated work, on a real Slurm of two nodes that is started for it.

    make bench-chaos

Needs the packages that `make test-slurm` installs. The movie is tiny on purpose: what counts is which commands run again,
rather than how long they take. `their seconds` is how long the repeated commands work, the last column the time from the
fault until the first of them begins (Slurm's timers for lost nodes are short here: 10 s until a node is lost, 10 s more
until its jobs are queued again). The table in docs/cluster.md is what is printed;
only a run in which all faults came to the same end is saved.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

import common
from tests.slurm.checks import NotHereError
from tests.slurm.cluster import Cluster, missing
from tests.slurm.lab import Cost, Lab
from tests.slurm.scenarios import FAULTS

PACKAGES = ("snakemake", "snakemake-executor-plugin-slurm")
QUICK = ("cancelled", "two_runs")
COLUMNS = {
    "fault": "fault",
    "what_happened": "what happened",
    "commands_again": "commands again",
    "seconds_again": "their seconds",
    "seconds_until_work": "seconds until the first of them began",
}


def costs(names: list[str]) -> list[Cost]:
    """Every fault on one cluster, which is stopped at the end."""
    found: list[Cost] = []
    folder = Path(tempfile.mkdtemp(prefix="slurm-"))
    folder.chmod(0o755)  # munged wants its socket where everybody could reach it
    cluster = Cluster(folder / "box")
    try:
        lab = Lab(cluster.start(), folder / "lab").build()
        for name in names:
            try:
                found.append(FAULTS[name](lab))
                sys.stderr.write(f"{found[-1]}\n")
            except NotHereError as reason:
                sys.stderr.write(f"{name}: left out, {reason}\n")
            except (AssertionError, TimeoutError) as reason:  # what the others cost is still worth knowing
                sys.stderr.write(f"{name}: the run did not come to the same end, {reason}\n")
    finally:
        cluster.stop()
        shutil.rmtree(folder, ignore_errors=True)
    return found


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two faults only")
    parser.add_argument("--fault", choices=FAULTS, action="append", help="only some of the faults")
    options = parser.parse_args()
    if missing():
        sys.stdout.write(f"left out: {missing()}\n")
        return
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    rows = [asdict(cost) for cost in costs(options.fault or list(QUICK if options.quick else FAULTS))]
    sys.stdout.write(common.table(rows, COLUMNS) + "\n")
    if len(rows) == len(FAULTS):
        common.save("chaos", {**facts, "rows": rows})


if __name__ == "__main__":
    main()
