"""Parser, logging and exit status."""

from __future__ import annotations

import argparse
import logging
import os
import sys
from collections.abc import Sequence

from samtrack import __version__
from samtrack.cli.bench import add_bench
from samtrack.cli.correct import add_correct
from samtrack.cli.doctor import add_doctor
from samtrack.cli.movie import add_run
from samtrack.cli.patches import add_patches
from samtrack.cli.plan import add_plan
from samtrack.cli.results import add_result_commands
from samtrack.cli.stages import add_stage_commands
from samtrack.cli.submit import add_submit
from samtrack.cli.train import add_train
from samtrack.cli.view import add_view
from samtrack.cli.weights import add_weights
from samtrack.errors import SamtrackError

DESCRIPTION = "Track the cells of 2D+t and 3D+t microscopy movies: TIFF or OME-Zarr in, a valid CTC result out."

EPILOG = """\
a whole movie:   samtrack run --images DIR --out DIR
a whole dataset: snakemake --cores 2 --configfile config/datasets/NAME.yaml
Every command explains itself: samtrack COMMAND --help
"""


PATIENT = {"GOMP_SPINCOUNT": "20000"}
"""How long threads of numerical libraries stay awake while they wait for each other, in turns of a loop (some ten
microseconds), unless the user says otherwise. Without it they keep their cores for milliseconds from whoever else works on
the machine, other jobs of the same run among them: two networks with two threads each on two cores carried 4.9 cells per
second, with it 45 (benchmarks/bench_carry.py). On an idle machine nothing changes. It counts only before such a library is
loaded."""


def build_parser() -> argparse.ArgumentParser:
    """The parser with all commands."""
    parser = argparse.ArgumentParser(
        prog="samtrack", description=DESCRIPTION, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--version", action="version", version=f"samtrack {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, title="commands")
    add_run(commands)
    add_plan(commands)
    add_stage_commands(commands)
    add_result_commands(commands)
    add_submit(commands)
    add_correct(commands)
    add_view(commands)
    add_train(commands)
    add_patches(commands)
    add_weights(commands)
    add_bench(commands)
    add_doctor(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    for name, value in PATIENT.items():
        os.environ.setdefault(name, value)
    options = build_parser().parse_args(arguments)
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    try:
        status = options.run(options)
    except SamtrackError as error:
        sys.stderr.write(f"samtrack {options.command}: error: {error}\n")
        return 2
    except BrokenPipeError:
        return 141  # the reader of our output went away; what a shell calls SIGPIPE
    except KeyboardInterrupt:
        sys.stderr.write(f"samtrack {options.command}: stopped by the user; start again to continue\n")
        return 130
    return int(status or 0)
