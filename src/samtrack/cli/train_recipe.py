"""Options that the training of any network has, and the recipe that they make."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

SINGLE, SEVERAL = ("start", "steps", "workers"), ("data", "masks")


def add_recipe_options(parser: argparse.ArgumentParser, start: str, data: str, masks: str) -> None:
    """Add them; ``start``: the default weights, ``data`` and ``masks``: what to give there."""
    parser.add_argument("--recipe", type=Path, metavar="FILE", help="settings as YAML (default: fine-tune what ships)")
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="folder for weights, curves, checkpoints"
    )
    parser.add_argument("--data", type=Path, nargs="+", metavar="PATH", help=data)
    parser.add_argument("--masks", type=Path, nargs="+", metavar="PATH", help=masks)
    parser.add_argument("--start", metavar="WEIGHTS", help=f"weights to begin with (default: {start})")
    parser.add_argument("--steps", type=int, metavar="N", help="optimiser steps (default: 500)")
    parser.add_argument("--workers", type=int, metavar="N", help="processes that make examples (default: 1)")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="any setting of a recipe")


def raw_recipe(options: argparse.Namespace) -> dict[str, Any]:
    """The recipe file with the options on top."""
    from samtrack.config.load import merge, parse_override, read_yaml

    raw = dict(read_yaml(options.recipe)) if options.recipe else {}
    for name in SINGLE:
        if getattr(options, name) is not None:
            raw[name] = getattr(options, name)
    for name in SEVERAL:
        if getattr(options, name):
            raw[name] = [str(path) for path in getattr(options, name)]
    for override in options.set:
        raw = merge(raw, parse_override(override))
    return raw
