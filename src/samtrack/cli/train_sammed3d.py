"""``samtrack train sammed3d``: a SAM-Med3D network that learns to draw masks in volumes from clicks."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

from samtrack.cli.train_recipe import add_recipe_options, raw_recipe
from samtrack.config import load_config

EXAMPLE = """\
examples:
  samtrack train sammed3d --data DATA/01 DATA/02.ome.zarr --masks DATA/01_masks DATA/02_masks --out mine
      goes on from the network that ships, on your masks, coarse as they may be; then:
      samtrack run … --set segment.method=prompts3d --set sammed3d.weights=mine
  samtrack train sammed3d --start sam_med3d_turbo.pth --data DATA/01 --out mine --set lora={} --set accumulate=8
      adapts the published network by small additions to its layers
  samtrack train sammed3d --recipe config/train/samtrack-tiny-3d-1.yaml --out results/samtrack-tiny-3d-1
      the first of two steps by which the network that ships was trained, on simulated volumes alone

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
    config = "configuration of a run: how its files are to be read; alone, its train3d, on the masks of its sequences"
    parser.add_argument("--config", type=Path, metavar="FILE", help=config)
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from samtrack.config.load import check_recipe
    from samtrack.config.train_sammed3d import TrainSamMed3DSettings
    from samtrack.stages.train_sammed3d import SamMed3DTraining, run_train_sammed3d, training_of

    config, raw = load_config(options.config), raw_recipe(options)
    if options.config and not raw:
        run_train_sammed3d(replace(training_of(config), out=options.out))
        return
    settings = check_recipe(raw, str(options.recipe or "train sammed3d"), TrainSamMed3DSettings)
    run_train_sammed3d(SamMed3DTraining(settings, options.out, config))
