"""``samtrack train``: models fitted to simulated movies, or to the user's annotated ones."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from samtrack.cli.train_sam2 import add_train_sam2
from samtrack.cli.train_sammed3d import add_train_sammed3d
from samtrack.config import load_config

EXAMPLE = """\
examples:
  samtrack train links --data DATA/Fluo-N2DL-HeLa/01 --out mine.json --card mine.md
      learns from your annotated movie, then: samtrack run … --set link.model=mine.json
  samtrack train links --out FILE.json          fits anew to simulated movies, as the shipped model was
  samtrack train links --check                  measures the shipped model on movies it was not fitted to
  samtrack train links --check --movies 0 --card FILE.md     writes its card, measures nothing
"""


def add_train(commands: Any) -> None:
    """Add the commands."""
    train: argparse.ArgumentParser = commands.add_parser(
        "train",
        help="fit the link model or a network, to your movies, too",
        description="Fit a model to simulated movies, or to your annotated ones.",
        epilog="examples: samtrack train links --help, samtrack train sam2 --help",
    )
    kinds = train.add_subparsers(dest="what", metavar="WHAT", required=True, title="what to train")
    _add_links(kinds)
    add_train_sam2(kinds)
    add_train_sammed3d(kinds)


def _add_links(kinds: Any) -> None:
    parser: argparse.ArgumentParser = kinds.add_parser(
        "links",
        help="the model that gives links and divisions their probabilities",
        description="Fit, or measure, the model that gives links and divisions their probabilities.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = "folders of images, DIR/01 with its truth DIR/01_GT/TRA beside it (default: simulated movies)"
    parser.add_argument("--data", type=Path, nargs="+", default=[], metavar="DIR", help=data)
    masks = "masks of each (default: 01_ST/SEG, else 01_GT/TRA)"
    parser.add_argument("--masks", type=Path, nargs="+", default=[], metavar="DIR", help=masks)
    parser.add_argument("--config", type=Path, metavar="FILE", help="movie, ingest and link settings for --data")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the model as JSON")
    parser.add_argument("--card", type=Path, metavar="FILE", help="write its model card as Markdown")
    check = "learn nothing: measure a model (default: the shipped one)"
    parser.add_argument("--check", nargs="?", const="", metavar="FILE", help=check)
    parser.add_argument("--seed", type=int, metavar="N", help="first seed of the simulated movies (default: 1000)")
    movies = "simulated movies to fit to; a third as many more are held out (default: 360)"
    parser.add_argument("--movies", type=int, metavar="N", help=movies)
    sam = "go by what the network of sam2.weights says, too; only: by nothing else"
    parser.add_argument("--sam2", nargs="?", const="with", choices=["with", "only"], help=sam)
    parser.add_argument("--workers", type=int, metavar="N", help="processes (default: all cores)")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    # hundreds of small systems are solved: threads cost more than they bring, and slow each other down in a pool
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from samtrack.stages.train_links import Training, run_train_links

    chosen = {name: value for name in ("seed", "movies") if (value := getattr(options, name)) is not None}
    training = Training(
        config=load_config(options.config),
        data=tuple(options.data),
        masks=tuple(options.masks),
        workers=int(options.workers or os.cpu_count() or 1),
        check=options.check,
        out=options.out,
        card=options.card,
        with_sam=options.sam2 is not None,
        sam_alone=options.sam2 == "only",
        **chosen,
    )
    sys.stdout.write(run_train_links(training))
