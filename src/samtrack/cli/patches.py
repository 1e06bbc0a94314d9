"""``samtrack patches``: tiles of annotated movies as files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from samtrack.config import load_config

EXAMPLE = """\
example:
  samtrack patches --data DATA/01 --masks DATA/01_masks --out patches --count 500

`samtrack train sammed3d` needs no such files: it reads the same tiles out of the movies as it goes.
"""


def add_patches(commands: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "patches",
        help="tiles of annotated volumes as pairs of TIFF files",
        description="Write tiles of annotated volumes, as networks see them, as pairs of TIFF files.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--data", type=Path, nargs="+", required=True, metavar="PATH", help="images of each movie")
    parser.add_argument("--masks", type=Path, nargs="+", default=[], metavar="PATH", help="masks of each")
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="gets images/ and labels/")
    parser.add_argument("--count", type=int, default=200, metavar="N", help="pairs (default: 200)")
    parser.add_argument("--side", type=int, default=128, metavar="N", help="voxels along each axis (default: 128)")
    parser.add_argument("--cell-px", type=float, default=64.0, metavar="D", help="diameter of a cell (default: 64)")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="equal seeds give equal files (default: 1)")
    parser.add_argument("--config", type=Path, metavar="FILE", help="movie and ingest settings: how files are read")
    parser.set_defaults(run=_patches)


def _patches(options: argparse.Namespace) -> None:
    from samtrack.stages.patches import Patches, run_patches

    data, masks = (tuple(str(path) for path in paths) for paths in (options.data, options.masks))
    sizes = (options.count, options.side, options.cell_px, options.seed)
    run_patches(Patches(data, masks, options.out, load_config(options.config), *sizes))
