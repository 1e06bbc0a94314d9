"""``samtrack weights``: which networks there are, bringing them here, finding and checking them."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

EXAMPLE = """\
examples:
  samtrack weights list                                  every name, and which of them are here
  samtrack weights fetch sam2.1-hiera-large              then: samtrack run … --set sam2.weights=sam2.1-hiera-large
  samtrack weights path sam2.1-hiera-large               the folder to copy to a machine without a network
  samtrack weights verify                                whether the bytes of all that is here are the right ones

The cache is --cache, else $SAMTRACK_WEIGHTS, else ~/.cache/samtrack/weights. $HF_TOKEN opens gated repositories.
"""


def add_weights(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "weights",
        help="list, fetch, find and verify the weights of networks",
        description="Weights of networks: what there is, what is here, and whether it is intact.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, title="actions")
    _add(actions, "list", _list, "show every name of the registry", "")
    fetch = _add(actions, "fetch", _fetch, "bring weights into the cache", " sam2.1-hiera-large")
    fetch.add_argument("names", nargs="*", metavar="NAME", help="names that `samtrack weights list` shows")
    fetch.add_argument("--config", type=Path, metavar="FILE", help="fetch what the configuration's sam2.weights names")
    fetch.add_argument(
        "--network", choices=["sam2", "sammed3d"], default="sam2", help="with --config: the section that counts"
    )
    fetch.add_argument("--mark", type=Path, metavar="FILE", help="with --config: write the checksum to this file")
    path = _add(actions, "path", _path, "print where weights lie", " sam2.1-hiera-large")
    path.add_argument("name", metavar="NAME", help="a name that `samtrack weights list` shows")
    verify = _add(actions, "verify", _verify, "sum the files and compare; exit status 1 if one differs", "")
    verify.add_argument("names", nargs="*", metavar="NAME", help="names to check (default: all that are here)")


def _add(actions: Any, name: str, run: Any, text: str, named: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = actions.add_parser(
        name,
        help=text,
        description=text[0].upper() + text[1:] + ".",
        epilog=f"example:\n  samtrack weights {name}{named}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cache", metavar="DIR", help="folder of fetched weights")
    parser.set_defaults(run=run)
    return parser


def _list(options: argparse.Namespace) -> None:
    from samtrack.config.weights import REGISTRY
    from samtrack.io.weights_cache import cache_folder, folder_of, is_here

    cache = cache_folder(options.cache)
    rows = [("name", "MB", "licence", "here", "checksum", "where")]
    for entry in REGISTRY.values():
        here = is_here(entry, cache)
        pinned = "published" if entry.ships or entry.main_file.sha256 else "first fetch"
        place = str(folder_of(entry, cache)) if here else entry.source + (" (gated)" if entry.gated else "")
        checksum = "shipped" if entry.ships else pinned
        rows.append((entry.name, f"{entry.size_mb:.0f}", entry.licence, "yes" if here else "no", checksum, place))
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        cells[1] = row[1].rjust(widths[1])
        sys.stdout.write("  ".join([*cells, row[5]]) + "\n")
    sys.stdout.write(f"\ncache: {cache}\n")


def _fetch(options: argparse.Namespace) -> None:
    from samtrack.config import load_config
    from samtrack.config.weights import entry_named
    from samtrack.errors import SettingsError
    from samtrack.io.weights_cache import cache_folder
    from samtrack.io.weights_fetch import fetch

    if bool(options.names) == (options.config is not None):
        raise SettingsError("give either names, as in `samtrack weights fetch sam2.1-hiera-tiny`, or --config FILE.")
    if (options.mark is None) != (options.config is None):
        raise SettingsError("--config and --mark go together: the mark says what the configuration's weights sum to.")
    if options.config is not None:
        from samtrack.stages.weights import run_fetch_weights

        settings = getattr(load_config(options.config), options.network)
        run_fetch_weights(settings.model_copy(update={"cache": options.cache or settings.cache}), options.mark, _say)
        return
    entries = [entry_named(name) for name in options.names]  # a mistyped name, before hours of fetching
    for entry in entries:
        sys.stdout.write(f"{fetch(entry, cache_folder(options.cache), _say)}\n")


def _path(options: argparse.Namespace) -> None:
    from samtrack.config.weights import entry_named
    from samtrack.io.weights_cache import cache_folder, locate

    sys.stdout.write(f"{locate(entry_named(options.name).name, cache_folder(options.cache))}\n")


def _verify(options: argparse.Namespace) -> int:
    from samtrack.config.weights import REGISTRY, entry_named
    from samtrack.io.weights_cache import cache_folder, is_here, verify

    cache = cache_folder(options.cache)
    entries = [entry_named(name) for name in options.names] or [e for e in REGISTRY.values() if is_here(e, cache)]
    n_bad = 0
    for entry in entries:
        for checked in verify(entry, cache):
            n_bad += not checked.is_good
            verdict = "ok " if checked.is_good else "BAD"
            expected = "" if checked.is_good else f", expected {checked.expected}"
            sys.stdout.write(f"{verdict} {checked.path}: {checked.found}{expected} (known from: {checked.basis})\n")
    sys.stdout.write(f"{len(entries)} checked, {n_bad} files differ\n")
    return 1 if n_bad else 0


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
