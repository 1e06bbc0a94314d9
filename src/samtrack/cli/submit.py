"""``samtrack submit``: a finished run as a submission to the Cell Tracking Challenge."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samtrack.config import load_config
from samtrack.errors import SettingsError

if TYPE_CHECKING:
    from samtrack.config import Config

EXAMPLE = """\
examples:
  samtrack submit --config config/datasets/Fluo-N2DL-HeLa.yaml
  samtrack submit --config config/datasets/BF-C2DL-HSC.yaml --training allGT --out upload/HSC-allGT

Writes OUT/submission and OUT/submission.zip: DATASET/01_RES and 02_RES, and SW with one entry script for each, samtrack
itself, versions, settings, weights and a description (docs/submit.md). Start it in the folder in which the run was started.
"""

HERE = "."
"""What ``out`` is in the configuration that `samtrack run` leaves in its output folder."""


def add_submit(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "submit",
        help="pack a finished run for the Cell Tracking Challenge",
        description="Check a finished run against every rule of the challenge and pack it: results, software, archive.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--config", type=Path, required=True, metavar="FILE", help="configuration of the dataset")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder to write; the archive is DIR.zip")
    parser.add_argument(
        "--sequence", action="append", metavar="NAME", help="only this one; repeatable (default: 01 and 02)"
    )
    parser.add_argument("--training", metavar="NAME", help="suffix of scripts and results: GT, ST, GT+ST, allGT, …")
    parser.add_argument(
        "--with-weights", action="store_true", help="pack fetched weights, too, instead of their address"
    )
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="only check the results and put them into DIR, as entry scripts do"
    )
    parser.set_defaults(run=_submit)


def _submit(options: argparse.Namespace) -> None:
    from samtrack.stages.plan import complete, count_axes
    from samtrack.stages.submit import Wish, run_submit
    from samtrack.submit import TRAININGS

    if options.training is not None and options.training not in TRAININGS:
        raise SettingsError(f"--training {options.training}: expected one of {', '.join(TRAININGS)}.")
    if options.results and (options.out or options.with_weights):
        raise SettingsError("--results only puts results into place; it does not go with --out or --with-weights.")
    places = {name: path.resolve() for name in ("out", "results") if (path := getattr(options, name))}
    config = load_config(options.config, axes=count_axes)
    if config.out == HERE and options.config.parent.resolve() != Path.cwd():
        os.chdir(options.config.parent)  # a run's own configuration counts paths from its folder
        options.config = Path(options.config.name)
    sequences = tuple(options.sequence or ("01", "02"))
    if options.results:
        _place(complete(config), sequences, places["results"], options.training)
        return
    wish = Wish(sequences, options.training, options.with_weights)
    archive = run_submit(complete(config), options.config, places.get("out", Path(config.out) / "submission"), wish)
    sys.stdout.write(f"{archive}\n")


def _place(config: Config, sequences: tuple[str, ...], into: Path, training: str | None) -> None:
    from samtrack.stages.address import Address
    from samtrack.stages.submit_results import place_results

    for name in sequences:
        address = Address(config, config.sequence(name))
        for placed in place_results(address, into, training):
            sys.stdout.write(f"{placed.folder}\n")
