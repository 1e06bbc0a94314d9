"""``samtrack view``: look at a result, in napari or in a browser, and correct it."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

EXAMPLE = """\
examples:
  samtrack view results/HeLa
  samtrack view --web results/HeLa

napari is an extra: pip install 'samtrack[view]'. The browser viewer needs nothing (docs/view.md).
"""


def add_view(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "view",
        help="look at a result in napari, or with --web in a browser",
        description="Look at a result and correct it, in napari or with --web in a browser.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("result", type=Path, metavar="RESULT", help="output folder of a run")
    parser.add_argument("--sequence", metavar="NAME", help="which movie, if the result has several")
    parser.add_argument("--web", action="store_true", help="serve report and viewer to browsers of this machine only")
    parser.add_argument(
        "--port", type=int, metavar="N", help="with --web: the port (default: one of the result's own, or any free one)"
    )
    parser.add_argument(
        "--edits", type=Path, metavar="FILE", help="where corrections go (default: RESULT/SEQUENCE_edits.csv)"
    )
    parser.set_defaults(run=_view)


def _view(options: argparse.Namespace) -> None:
    from samtrack.errors import SettingsError

    if options.web:
        from samtrack.stages.view_web import serve

        if options.edits:
            raise SettingsError(
                "--edits is of the napari viewer; with --web the browser saves edits as it saves files."
            )
        if options.port is not None and not 0 <= options.port < 2**16:
            raise SettingsError(f"--port is {options.port}, expected 0 to {2**16 - 1}.")
        serve(options.result, options.sequence, options.port)
    else:
        from samtrack.stages.view_napari import view

        view(options.result, options.sequence, options.edits)
