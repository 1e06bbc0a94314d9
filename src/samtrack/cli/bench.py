"""``samtrack bench``: comparisons on the results of a finished run."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from samtrack.stages.bench import BenchOptions

Options = argparse.Namespace

EXAMPLE = """\
example:
  samtrack bench linkers results/demo2d

Writes DIR/bench/linkers.csv, linkers.md, and DIR/bench/NAME/SEQUENCE_RES for each linker. Those of others take part if they
are installed: pip install -c constraints.txt -e '.[peers]'.
"""


def add_bench(commands: Any) -> None:
    """Add the command and what it can compare."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "bench",
        help="compare linkers, ours and others', on a finished run",
        description="Compare linkers, ours and others', on the detections of a finished run.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    what = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    linkers = _add(what, "linkers", _linkers, "run all linkers, each in its own process, into one table")
    linkers.add_argument(
        "--only", action="append", default=[], metavar="NAME", help="this linker only (default: all); repeatable"
    )
    row = _add(what, "row", _row, "run one linker in this process (what 'linkers' starts)")
    row.add_argument("system", metavar="NAME", help="the linker")
    row.add_argument("--sequence", required=True, metavar="NAME", help="name of the sequence")


def _add(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name, help=text, description=text, epilog=EXAMPLE, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a finished run (its --out)")
    parser.add_argument("--truth", type=Path, metavar="DIR", help="CTC truth to score against (default: the run's)")
    parser.add_argument(
        "--fill",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="fill gaps for all alike; without, results go to DIR/bench_unfilled",
    )
    parser.add_argument("--trackastra-model", type=Path, metavar="DIR", help="folder with Trackastra's weights")
    parser.add_argument("--workers", type=int, metavar="N", help="threads for export and scoring")
    parser.set_defaults(run=run)
    return parser


def _options(options: Options) -> BenchOptions:
    from samtrack.stages.bench import BenchOptions

    return BenchOptions(
        run=options.folder.resolve(),
        truth=options.truth.resolve() if options.truth else None,
        fill=options.fill,
        systems=tuple(getattr(options, "only", ())),
        model=options.trackastra_model.resolve() if options.trackastra_model else None,
        workers=options.workers,
    )


def _linkers(options: Options) -> int:
    from samtrack.stages.bench import markdown_of, run_bench

    rows = run_bench(_options(options))
    sys.stdout.write(markdown_of(rows))
    return 0 if any(row["link_s"] is not None for row in rows) else 1


def _row(options: Options) -> None:
    from samtrack.stages.address import Address
    from samtrack.stages.bench import entry_of, run_config_of
    from samtrack.stages.bench_row import run_bench_row

    asked = _options(options)
    config = run_config_of(asked)
    address = Address(config, config.sequence(options.sequence))
    run_bench_row(address, entry_of(address, options.system, asked))
