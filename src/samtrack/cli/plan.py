"""``samtrack plan``: what a run will cost before it starts."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samtrack.cli.movie import FILES, add_movie_options, configuration_of
from samtrack.config import load_config
from samtrack.errors import SettingsError

if TYPE_CHECKING:
    from samtrack.config import Config

EXAMPLE = """\
examples:
  samtrack plan --config config/datasets/demo2d.yaml
  samtrack plan --images data/Fluo-N2DL-HeLa/01 --preset Fluo-N2DL-HeLa --cores 16
  samtrack plan --config big.yaml --like results/small --cores 200 --gpus 8 --json cost.json

Times come from a table measured on one machine (src/samtrack/config/rates.py); --like takes them from the benchmark
tables of a run of yours. Nothing is written but the file of --json.
"""


def add_plan(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "plan",
        help="what a run will cost: jobs, hours, memory, disk",
        description="What a run will cost, from the size of the movie and what runs cost before: jobs, hours of CPU and "
        "GPU, memory, disk, files.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_movie_options(parser, is_needed=False)
    parser.add_argument(
        "--cores", type=int, default=os.cpu_count(), metavar="N", help="cores at once (default: those here)"
    )
    parser.add_argument(
        "--gpus", type=int, default=0, metavar="N", help="GPUs at once (default: 0, networks run on CPUs)"
    )
    parser.add_argument(
        "--like", type=Path, metavar="DIR", help="results of an earlier run, whose times and density count"
    )
    parser.add_argument("--cells", type=float, metavar="N", help="cells in a frame, if you know")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the same as JSON; - for the terminal")
    parser.set_defaults(run=_plan)


def _plan(options: argparse.Namespace) -> None:
    """Print the outlook."""
    from samtrack.stages.like import read_likeness
    from samtrack.stages.outlook import Means, as_data, as_text, free_mb, look_ahead

    _require_sense(options)
    config = _configuration(options)
    out = Path(config.out) if options.images is None else options.out or Path.cwd()
    like = read_likeness(options.like) if options.like else None
    outlook = look_ahead(config, Means(options.cores, options.gpus, free_mb(out)), like, options.cells)
    text = json.dumps(as_data(outlook), indent=1) + "\n"
    if options.json is not None and str(options.json) != "-":
        options.json.write_text(text, encoding="utf-8")
    sys.stdout.write(text if str(options.json) == "-" else as_text(outlook) + "\n")


def _require_sense(options: argparse.Namespace) -> None:
    """Raise if options contradict each other."""
    if options.images is None and options.config is None:
        raise SettingsError(
            "neither --config FILE (of a dataset) nor --images PATH (one movie, as for `samtrack run`) is given."
        )
    for name, least in (("cores", 1), ("gpus", 0), ("cells", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise SettingsError(f"--{name} is {value:g}, expected {least} or more.")
    unused = [name for name in (*FILES, "mode", "preset", "out") if options.images is None and getattr(options, name)]
    if unused:
        raise SettingsError(
            f"--{unused[0].replace('_', '-')} belongs to --images; put it into {options.config} instead."
        )


def _configuration(options: argparse.Namespace) -> Config:
    """The complete configuration that `samtrack run` or Snakemake would use."""
    from samtrack.stages.plan import complete, count_axes

    if options.images is not None:
        return complete(configuration_of(options, count_axes), options.out or Path.cwd())
    return complete(load_config(options.config, options.set, axes=count_axes))
