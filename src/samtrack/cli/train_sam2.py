"""``samtrack train sam2``: a SAM 2 network that learns to carry cells."""

from __future__ import annotations

import argparse
from typing import Any

from samtrack.cli.train_recipe import add_recipe_options, raw_recipe

EXAMPLE = """\
examples:
  samtrack train sam2 --data DATA/Fluo-N2DL-HeLa/01 --out mine
      goes on from the network that ships, on your annotated movie; then:
      samtrack run … --set sam2.weights=mine --set link.sam2=on
  samtrack train sam2 --recipe config/train/samtrack-tiny-1.yaml --out results/samtrack-tiny-1
      the first of the two steps by which the network that ships was trained, on simulated movies alone
  samtrack train sam2 --start sam2.1-hiera-tiny --data DATA/01 --out mine --set lora={} --set rate=3e-5
      adapts a large network by small additions to its layers
  torchrun --nproc-per-node 4 -m samtrack.cli train sam2 …       on four GPUs

--out holds the weights (config.json, model.safetensors), curves.csv and checks.csv, samples.png, and checkpoint.pt, from
which a run that was stopped goes on when the same command is given again.
"""


def add_train_sam2(kinds: Any) -> None:
    """Add the command."""
    parser: argparse.ArgumentParser = kinds.add_parser(
        "sam2",
        help="a SAM 2 network, on simulated movies or on your annotated ones",
        description="Train or fine-tune a SAM 2 network that carries cells from frame to frame.",
        epilog=EXAMPLE,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = "folders of images, DIR/01 with its truth DIR/01_GT/TRA beside it (default: simulated movies)"
    add_recipe_options(parser, "samtrack-tiny", data, "masks of each (default: 01_ST/SEG, else 01_GT/TRA)")
    parser.set_defaults(run=_train)


def _train(options: argparse.Namespace) -> None:
    from samtrack.config.load import check_recipe
    from samtrack.config.train_sam2 import TrainSam2Settings
    from samtrack.stages.train_sam2 import Sam2Training, run_train_sam2

    settings = check_recipe(raw_recipe(options), str(options.recipe or "train sam2"), TrainSam2Settings)
    run_train_sam2(Sam2Training(settings, options.out))
