"""``samtrack train sammed3d``: a SAM-Med3D network that learns to draw masks in volumes from clicks."""

from __future__ import annotations

import argparse
from typing import Any

from samtrack.cli.train_recipe import add_recipe_options, raw_recipe

EXAMPLE = """\
examples:
  samtrack train sammed3d --recipe config/train/samtrack-tiny-3d.yaml --out results/samtrack-tiny-3d
      the network that ships, from nothing, on simulated volumes alone

--out holds the weights (config.json, model.safetensors), curves.csv and checks.csv, samples.png, and checkpoint.pt, from
which a run that was stopped goes on when the same command is given again.
"""


def add_train_sammed3d(kinds: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = kinds.add_parser(
        "sammed3d",
        help="a SAM-Med3D network, on simulated volumes or on your masks",
        description="Train or fine-tune a SAM-Med3D network that draws masks in volumes.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = "images: folders of TIFF files, or OME-Zarr (default: simulated volumes)"
    add_recipe_options(parser, "samtrack-tiny-3d", data, "masks of each, as coarse as they are")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from samtrack.config.load import check_recipe
    from samtrack.config.train_sammed3d import TrainSamMed3DSettings
    from samtrack.stages.train_sammed3d import SamMed3DTraining, run_train_sammed3d

    settings = check_recipe(raw_recipe(options), str(options.recipe or "train sammed3d"), TrainSamMed3DSettings)
    run_train_sammed3d(SamMed3DTraining(settings, options.out))
