"""``samtrack doctor``: whether all is fit for a run, and what to do where it is not."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

EXAMPLE = """\
examples:
  samtrack doctor                                                    this machine
  samtrack doctor --config config/datasets/NAME.yaml                 and a run on it
  samtrack doctor --config config/datasets/NAME.yaml --profile slurm and the cluster that it is to run on

Each line says what was checked, what was found, and what to do unless it is fine. Exit status 1 if there is a problem.
"""


def add_doctor(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "doctor",
        help="check machine, cluster and configuration, and say what to do",
        description="Check Python, packages, GPU, memory, disk, weights, Slurm, profile and configuration.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, metavar="FILE", help="configuration of the run")
    parser.add_argument(
        "--profile", action="append", default=[], metavar="NAME", help="Snakemake's profile, as given to it; repeatable"
    )
    parser.add_argument("--json", action="store_true", help="write the findings as JSON")
    parser.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    from samtrack.doctor import Verdict, examine
    from samtrack.doctor.show import json_of, line_of, summary_of

    colour = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    findings = []
    for finding in examine(options.config, options.profile):
        findings.append(finding)
        if not options.json:
            sys.stdout.write(line_of(finding, colour) + "\n")
            sys.stdout.flush()  # a slow check must not hold back what is known
    sys.stdout.write((json_of(findings) if options.json else summary_of(findings)) + "\n")
    sys.stdout.flush()
    return int(any(finding.verdict is Verdict.PROBLEM for finding in findings))
