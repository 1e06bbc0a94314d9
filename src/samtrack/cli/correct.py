"""``samtrack correct``: a person's edits go into the decision, and the run continues from there."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

EXAMPLE = """\
examples:
  samtrack correct results/HeLa --edits 01_edits.csv
  samtrack correct results/demo2d --sequence 01 --edits edits/ --only-write

A file of edits has the columns action,frame,track,other_frame,other_track,note; actions are link, unlink, divide, delete and
relabel (docs/corrections.md). They are kept in RESULT/SEQUENCE_corrections.csv, and every later run keeps them.
"""


def add_correct(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "correct",
        help="apply corrections to a result, and continue the run from the decision",
        description="Apply corrections to a result: the decision is taken anew with them, and what follows it is redone.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("result", type=Path, metavar="RESULT", help="output folder of the run")
    parser.add_argument(
        "--edits",
        type=Path,
        action="append",
        default=[],
        metavar="PATH",
        help="CSV file, or folder of them; repeatable",
    )
    parser.add_argument("--sequence", metavar="NAME", help="which movie, if the result has several")
    parser.add_argument("--cores", type=int, default=os.cpu_count(), metavar="N", help="processor cores (default: all)")
    parser.add_argument(
        "--only-write", action="store_true", help="keep the corrections for the next run, and do not start it"
    )
    parser.set_defaults(run=_correct)


def _correct(options: argparse.Namespace) -> None:
    """Add the corrections, then become Snakemake."""
    from samtrack.cli.movie import cache_folder, snakemake_command
    from samtrack.config.layout import RUN_CONFIG
    from samtrack.errors import SettingsError
    from samtrack.stages.correct import add_corrections, open_run
    from samtrack.stages.plan import lock

    if options.cores < 1:
        raise SettingsError(f"--cores is {options.cores}, expected 1 or more.")
    if options.only_write and not options.edits:
        raise SettingsError("--only-write without --edits has nothing to write; name a file of edits.")
    run = open_run(options.result)
    lock(run.out)
    if options.edits:
        add_corrections(run, run.sequence(options.sequence), [path.resolve() for path in options.edits])
    if options.only_write:
        return
    os.chdir(run.start)
    os.environ["XDG_CACHE_HOME"] = str(cache_folder(run.out))
    sys.stderr.write(f"{run.out}: the run continues from the decision\n")
    sys.stderr.flush()
    os.execv(sys.executable, snakemake_command(run.out / RUN_CONFIG, options.cores))
