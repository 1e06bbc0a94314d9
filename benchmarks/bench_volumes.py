"""How good are masks that SAM-Med3D draws from a point in each nucleus, beside the classical ones that the points come from?

    python benchmarks/bench_volumes.py --data DIR                        3D datasets below DIR
    python benchmarks/bench_volumes.py --data DIR --weights FOLDER       another network, fine-tuned say
    python benchmarks/bench_volumes.py --data DIR --only BBBC050 --frames 3 4 5
    python benchmarks/bench_volumes.py --only simulated                  volumes that samtrack makes, no data needed
    make bench-volumes DATA=DIR

`simulated` are volumes as the simulator makes them when nothing is said (nuclei of 15 voxels, planes 2.5 times as far apart
as voxels), with seeds of their own; no recipe of a training draws these. DIR holds datasets as the Cell Tracking Challenge
lays them out, with full masks in ``01_GT/SEG``. Told per method: SEG (mean IoU of true cells with the mask that covers more
than half of them, 0 without one), F1 of masks with an IoU above 0.5, mean IoU of the cells found, and seconds per frame.
`from truth`: clicks at the centroids of the true cells, so that only the outlines count.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import common
import numpy as np

DATASETS = {"BBBC050-Emb2": (2.18, 1.0, 1.0), "CE-semisynthetic": (3.0, 1.0, 1.0)}
"""Datasets and their voxels, in units of the finest side."""

SIMULATED = "simulated"
SIMULATED_SEEDS = range(9000, 9008)
SIMULATED_PX = (24, 128, 128)

FOUND_IOU = 0.5
PACKAGES = ("samtrack", "numpy", "scipy", "torch")


def judged(drawn: list[Any], truth: list[Any]) -> dict[str, float]:
    """Figures of some frames against the truth."""
    from samtrack.evaluate import match_frame

    matches = [match_frame(true, mask) for true, mask in zip(truth, drawn, strict=True)]
    n_true, n_drawn = sum(len(m.truth) for m in matches), sum(len(m.result) for m in matches)
    iou = np.concatenate([m.iou for m in matches])
    hits = np.count_nonzero(iou > FOUND_IOU)
    return {
        "cells": n_true,
        "drawn": n_drawn,
        "SEG": float(iou.sum() / max(n_true, 1)),
        "F1": float(2 * hits / max(n_true + n_drawn, 1)),
        "IoU": float(iou[iou > 0].mean()) if (iou > 0).any() else 0.0,
    }


def recorded(folder: Path, name: str) -> tuple[Any, Any]:
    """Images and true masks of a dataset."""
    from samtrack.config import build_config
    from samtrack.config.segment import GivenSettings
    from samtrack.io.movies import open_masks, open_movie

    config = build_config({"movie": {"um_per_voxel": list(DATASETS[name])}})
    images = open_movie(folder / "01", config.ingest, config.movie)
    return images, open_masks(folder / "01_GT" / "SEG", folder / "01", images, GivenSettings())


def simulated() -> tuple[Any, Any]:
    """Images and true masks of volumes that have nothing to do with each other, as frames of one movie."""
    from samtrack.config.simulate import SimulateSettings
    from samtrack.simulate.degrade import degrade_frame
    from samtrack.simulate.lineage import simulate_lineage
    from samtrack.simulate.render import render_frame
    from samtrack.types import ArrayFrames

    images, masks = [], []
    for seed in SIMULATED_SEEDS:
        settings = SimulateSettings(kind="nuclei", seed=seed, frames=1, shape_px=SIMULATED_PX)
        cells = simulate_lineage(settings).frames[0]
        labels, light = render_frame(settings, cells, 0)
        images.append(degrade_frame(settings, light, cells.origin_um, 0))
        masks.append(labels)
    return ArrayFrames(images, settings.scale), ArrayFrames(masks, settings.scale)


def segmented(images: Any, masks: Any, name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of one dataset: the classical masks, the network's around them, and around the true points."""
    from samtrack.config import build_config
    from samtrack.segment import build_segmenter, measure_diameter, segment_frame
    from samtrack.stages.engine3d import open_engine3d

    config = build_config({"sammed3d": {"weights": options.weights}})
    frames = options.frames or list(range(0, images.n_frames, max(1, images.n_frames // 6)))
    truth = {t: masks.read(t) for t in frames}
    diameter = measure_diameter(images, config.segment)
    voxel_um = np.array(images.scale.um_per_voxel)

    def centroids(frame: int) -> Any:
        from scipy import ndimage

        label = np.unique(truth[frame])[1:]
        return np.array(ndimage.center_of_mass(truth[frame] > 0, truth[frame], label)) * voxel_um

    methods: dict[str, dict[str, Any]] = {"seeds": {"method": "seeds"}}
    for rounds in options.rounds:
        for source in ("seeds", "file"):
            word = f"prompts3d{', from truth' if source == 'file' else ''}, {rounds} rounds"
            methods[word] = {"method": "prompts3d", "rounds": rounds, "seeds": {"method": source}}
    if options.compat:
        methods["as the seed, from truth"] = {"method": "prompts3d", "compat": "seed", "seeds": {"method": "file"}}
    engine, told = open_engine3d(config.sammed3d, options.threads)
    rows = []
    for word, raw in methods.items():
        settings = build_config({"segment": raw}).segment
        segmenter = build_segmenter(settings, diameter, images.scale, None, None, centroids, engine)
        start = time.perf_counter()
        drawn = [segment_frame(segmenter, images, t) for t in frames]
        seconds = (time.perf_counter() - start) / len(frames)
        row = {"dataset": name, "method": word, "weights": "" if word == "seeds" else told.split()[0]}
        rows.append({**row, **judged(drawn, list(truth.values())), "s per frame": seconds})
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DATA"), help="folder of the datasets")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="datasets whose name holds TEXT")
    parser.add_argument("--frames", type=int, nargs="+", help="frames (default: six, evenly taken)")
    parser.add_argument("--weights", default="samtrack-tiny-3d", help="as the setting sammed3d.weights")
    parser.add_argument("--rounds", type=int, nargs="+", default=[1, 2], help="rounds that are tried")
    parser.add_argument("--compat", action="store_true", help="the seed's way, too")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="one frame of each")
    args = parser.parse_args()
    args.frames = [0] if args.quick else args.frames
    rows: list[dict[str, Any]] = []
    for name in (SIMULATED, *DATASETS):
        folder = Path(args.data or ".") / name
        if args.only and not any(text in name for text in args.only):
            continue
        if name != SIMULATED and not (args.data and folder.is_dir()):
            print(f"{name} is not there: samtrack ships no recorded movie; make bench-volumes DATA=DIR. Left out.")
            continue
        rows += segmented(*(simulated() if name == SIMULATED else recorded(folder, name)), name, args)
    print(common.table(rows, {key: key for key in rows[0]}))
    if not (args.quick or args.only or args.frames):
        content = {"machine": common.machine(), "commit": common.commit(), "versions": common.versions(*PACKAGES)}
        print("written:", common.save("volumes", content | {"rows": rows}))


if __name__ == "__main__":
    main()
