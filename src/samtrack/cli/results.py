"""Commands that look at a result, of samtrack or of anybody: validate, evaluate, report."""

from __future__ import annotations

import argparse
import difflib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samtrack.config import load_config
from samtrack.errors import SettingsError

if TYPE_CHECKING:
    from samtrack.submit import DatasetFacts

Options = argparse.Namespace


def add_result_commands(commands: Any) -> None:
    """Add validate, evaluate and report."""
    validate = _add(
        commands,
        "validate",
        _validate,
        "check a CTC result, anybody's, against every rule",
        "samtrack validate results/demo2d/01_RES",
    )
    validate.add_argument("folder", type=Path, help="folder with mask<i>.tif and res_track.txt")
    validate.add_argument("--images", type=Path, metavar="DIR", help="raw images, to compare number and shape")
    validate.add_argument(
        "--dataset", metavar="NAME", help="of the challenge: its digits, rim, and lineages that count"
    )
    validate.add_argument(
        "--first-frame",
        type=Path,
        metavar="FILE",
        help="label image of frame 0: only lineages of its cells may be there",
    )
    validate.add_argument("--connected", action="store_true", help="also note objects in several pieces (slower)")
    validate.add_argument("--out", type=Path, metavar="FILE", help="write the verdict there if no rule is broken")

    evaluate = _add(
        commands,
        "evaluate",
        _evaluate,
        "score a CTC result, anybody's, against the truth",
        "samtrack evaluate 01_RES --truth 01_GT --out 01_scores",
    )
    evaluate.add_argument("folder", type=Path, help="folder with mask<i>.tif and res_track.txt")
    evaluate.add_argument("--truth", type=Path, required=True, metavar="DIR", help="truth folder holding TRA and SEG")
    evaluate.add_argument("--out", type=Path, metavar="STEM", help="write STEM.json and STEM.csv")
    evaluate.add_argument("--config", type=Path, metavar="FILE", help="configuration with an evaluate section")

    report = _add(
        commands,
        "report",
        _report,
        "draw the page that shows a result",
        "samtrack report --config results/demo2d/run_config.yaml --sequence 01",
    )
    report.add_argument("--config", type=Path, required=True, metavar="FILE", help="configuration of the dataset")
    report.add_argument("--sequence", required=True, metavar="NAME", help="name of the sequence in it")

    for parser in (validate, evaluate, report):
        parser.add_argument("--workers", type=int, default=None, metavar="N", help="threads")


def _add(commands: Any, name: str, run: Any, text: str, example: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"example:\n  {example}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.set_defaults(run=run)
    return parser


def _validate(options: Options) -> int:
    from samtrack.io.atomic import written_file
    from samtrack.stages.validate import Against, run_validate

    against = Against(options.images, _facts_of(options.dataset), options.first_frame, options.connected)
    violations = run_validate(options.folder, against, _workers(options))
    lines = [str(violation) for violation in violations]
    verdict = f"{options.folder}: {'valid' if not lines else f'{len(lines)} violations'}"
    sys.stdout.write("\n".join([*lines, verdict]) + "\n")
    if options.out and not lines:
        with written_file(options.out) as part:
            part.write_text("valid: no rule is broken\n", encoding="utf-8")
    return 1 if lines else 0


def _facts_of(dataset: str | None) -> DatasetFacts | None:
    """What the challenge fixes for a dataset; an unknown name is an error that says which are near."""
    from samtrack.submit import DATASETS

    if dataset is None or dataset in DATASETS:
        return DATASETS[dataset] if dataset else None
    near = difflib.get_close_matches(dataset, DATASETS, n=1, cutoff=0.5)
    raise SettingsError(
        f"--dataset {dataset}: the challenge has no such dataset. "
        + (f"Did you mean {near[0]}?" if near else f"Known: {', '.join(DATASETS)}.")
    )


def _evaluate(options: Options) -> None:
    from samtrack.stages.evaluate import run_evaluate
    from samtrack.stages.plan import count_axes
    from samtrack.stages.validate import sequence_of

    config = load_config(options.config, axes=count_axes)
    name = sequence_of(options.folder)
    dataset = config.dataset if options.config else options.folder.resolve().parent.name
    settings = config.evaluate
    scores = run_evaluate(options.folder, options.truth, options.out, dataset, name, settings, _workers(options))
    if not options.out:
        shown = [(measure, value) for measure, value in scores.values.items() if value is not None]
        sys.stdout.write("".join(f"{measure:<20}{value:.6g}\n" for measure, value in shown))


def _report(options: Options) -> None:
    from samtrack.cli.stages import address_of
    from samtrack.stages.report import run_report

    run_report(address_of(options))


def _workers(options: Options) -> int:
    """Threads asked for, else all cores."""
    return int(options.workers or os.cpu_count() or 1)
