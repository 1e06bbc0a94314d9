"""How many annotated volumes does the small SAM-Med3D network need to learn an unknown look? And do coarse masks do?

    python benchmarks/bench_fewshot.py                            simulated volumes of a look that no recipe of its training has
    python benchmarks/bench_fewshot.py --data DIR --masks DIR --voxel 2.18 1 1 --shots 1 2 3
    python benchmarks/bench_fewshot.py --shots 0 2 --rate 3e-4 --steps 60         a trial; nothing is written

The look (`LOOK`): nuclei whose rim alone shines, dark on a bright field. Each point of the curve is a fine-tuning of its own
(`samtrack train sammed3d`, a fixed number of steps) on the first so many volumes, with their true masks or with masks that
were spoiled (`ERRORS`); of a recording, on its first frames. Judged on volumes beyond all of these: a click in every true
cell, masks drawn as `segment.method: prompts3d` draws them. Told: mean IoU of true cells with the mask that covers more
than half of them, 0 without one; F1 of masks with an IoU above 0.5; the share of cells that the network refused to draw
(a ball stands for them); and how good the masks were that it learnt from, by the same measure.
"""

from __future__ import annotations

import argparse
import logging
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import common
import numpy as np
from bench_volumes import judged

DOCS = Path(__file__).parents[1] / "docs"
SHOTS = (0, 1, 2, 5, 10)
LEARNT, JUDGED = 10, 4
"""Simulated volumes to learn from at most, and others to judge by."""

LOOK: dict[str, Any] = {
    "frames": 1,
    "shape_px": (24, 72, 72),
    "um_per_voxel": (2.0, 1.0, 1.0),
    "cells": {"density": 0.2, "diameter_um": 14.0, "elongation": 1.5, "clustered": 0.8, "may_leave": False},
    "imaging": {"photons": 150.0, "texture": 0.1, "blur_um": 0.6, "blur_z_um": 1.0},
}
ERRORS = {"missed": 0.15, "merged": 0.08, "split": 0.08, "spurious": 0.1, "boundary_um": 1.0}
"""Spoiled masks: every sixth cell missed, neighbours under one mask, cells cut in two, masks of nothing, shaky outlines."""

RATE, STEPS = 3e-4, 100
RECIPE = {"simulated": 0, "held_out_share": 0, "warmup": 10, "pool": 24, "workers": 0, "prompts": 7}
"""Beside rate and steps: nothing but the annotated volumes, no looks in between."""

PACKAGES = ("samtrack", "numpy", "scipy", "torch")
Volumes = dict[str, list[Any]]


def simulated(n: int) -> Volumes:
    """Pictures, true and spoiled masks of some volumes of the look."""
    from samtrack.config.simulate import SimulateSettings
    from samtrack.simulate import simulate_movie

    made: Volumes = {"image": [], "true masks": [], "spoiled masks": []}
    for seed in range(n):
        settings = SimulateSettings.model_validate({**LOOK, "seed": seed, "masks": ERRORS})
        frame = simulate_movie(settings).frame(0)
        made["image"].append(looked(frame.image, frame.truth))
        made["true masks"].append(frame.truth)
        made["spoiled masks"].append(frame.masks)
    return made


def looked(image: Any, truth: Any) -> Any:
    """Nuclei as dark bodies with a rim of light on a bright field."""
    from scipy import ndimage

    rim = ndimage.maximum_filter(truth, (1, 3, 3)) != ndimage.minimum_filter(truth, (1, 3, 3))
    light = ndimage.gaussian_filter(rim.astype(np.float32), (0.3, 0.8, 0.8))
    low, high = np.percentile(image, [1, 99.5])
    dark = np.clip((high - image.astype(np.float32)) / (high - low), 0, 1.2)
    return np.rint(1000 + 6000 * dark + 5000 * light).astype(np.uint16)


def recorded(options: argparse.Namespace) -> tuple[Volumes, tuple[float, ...]]:
    """The frames of a recording that have masks."""
    from samtrack.config import build_config
    from samtrack.config.segment import GivenSettings
    from samtrack.io.movies import open_masks, open_movie

    config = build_config({"movie": {"um_per_voxel": list(options.voxel)}})
    images = open_movie(options.data, config.ingest, config.movie)
    masks = open_masks(options.masks, options.data, images, GivenSettings(missing="empty"))
    frames = [t for t in range(images.n_frames) if masks.read(t).any()]
    volumes = {"image": [images.read(t) for t in frames], "true masks": [masks.read(t) for t in frames]}
    return volumes, images.scale.um_per_voxel


def tuned(out: Path, volumes: Volumes, kind: str, n: int, options: argparse.Namespace) -> float:
    """Fine-tune on the first n volumes; seconds."""
    import tifffile

    from samtrack.config import build_config
    from samtrack.config.load import check_recipe
    from samtrack.config.train_sammed3d import TrainSamMed3DSettings
    from samtrack.stages.train_sammed3d import SamMed3DTraining, run_train_sammed3d

    for folder, name in ((out / "images", "image"), (out / "masks", kind)):
        folder.mkdir(parents=True)
        for t in range(n):
            tifffile.imwrite(folder / f"t{t:03d}.tif", volumes[name][t])
    raw = {"start": options.weights, "data": [str(out / "images")], "masks": [str(out / "masks")], "rate": options.rate}
    raw |= {"steps": options.steps, "check_every": options.steps, "checkpoint_every": options.steps, "held_out": 4}
    raw |= {"diameter_um": options.diameter, **RECIPE}
    settings = check_recipe(raw, "few shots", TrainSamMed3DSettings)
    start = time.perf_counter()
    run_train_sammed3d(
        SamMed3DTraining(settings, out / "net", build_config({"movie": {"um_per_voxel": list(options.voxel)}}))
    )
    return time.perf_counter() - start


def drawn(weights: str, volumes: Volumes, options: argparse.Namespace) -> dict[str, float]:
    """Figures of the masks that a network draws in some volumes, from a click in each true cell."""
    from scipy import ndimage

    from samtrack.config import build_config
    from samtrack.segment import build_segmenter, segment_frame
    from samtrack.stages.engine3d import open_engine3d
    from samtrack.types import ArrayFrames, Scale

    scale = Scale(tuple(options.voxel))
    raw = {"method": "prompts3d", "seeds": {"method": "file"}}
    config = build_config({"segment": raw, "sammed3d": {"weights": weights}})
    engine, _ = open_engine3d(config.sammed3d, options.threads)
    frames = ArrayFrames(volumes["image"], scale)

    def points(frame: int) -> Any:
        truth = volumes["true masks"][frame]
        label = np.unique(truth)[1:]
        return np.array(ndimage.center_of_mass(truth > 0, truth, label)) * scale.voxel_um

    segmenter = build_segmenter(config.segment, options.diameter, scale, None, None, points, engine)
    masks = [segment_frame(segmenter, frames, t) for t in range(frames.n_frames)]
    found = judged(masks, volumes["true masks"])
    refused = segmenter.tally.kept / max(segmenter.tally.cells, 1)
    return {"IoU": found["SEG"], "F1": found["F1"], "refused": refused, "cells": found["cells"]}


def typical_diameter_um(masks: list[Any], voxel: tuple[float, ...]) -> float:
    """Diameter of the median mask."""
    sizes = np.concatenate([np.bincount(m.reshape(-1))[1:] for m in masks])
    return float(np.cbrt(np.median(sizes[sizes > 0]) * np.prod(voxel) * 6 / np.pi))


def measured(volumes: Volumes, n_learnt: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row per kind of masks and number of volumes."""
    judges = {name: part[n_learnt:] for name, part in volumes.items()}
    kinds = [name for name in volumes if name != "image"]
    rows: list[dict[str, Any]] = []
    for kind in kinds:
        for n in options.shots:
            quality = judged(volumes[kind][:n], volumes["true masks"][:n])["SEG"] if n else None
            row: dict[str, Any] = {"masks": kind, "volumes": n, "learnt from": quality}
            row["masks to learn from"] = sum(len(np.unique(m)) - 1 for m in volumes[kind][:n])
            if n == 0 and kind != kinds[0]:
                rows.append({**rows[0], **row, "s to learn": 0.0})  # the same network
                continue
            with tempfile.TemporaryDirectory() as folder:
                row["s to learn"] = tuned(Path(folder), volumes, kind, n, options) if n else 0.0
                row |= drawn(str(Path(folder) / "net") if n else options.weights, judges, options)
            rows.append(row)
            print({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="images of a recording, TIFF or Zarr, instead of simulated volumes")
    parser.add_argument("--masks", type=Path, help="its masks")
    parser.add_argument("--voxel", type=float, nargs=3, default=LOOK["um_per_voxel"], help="size of its voxels, z y x")
    parser.add_argument("--shots", type=int, nargs="+", default=list(SHOTS), help="numbers of annotated volumes")
    parser.add_argument("--weights", default="samtrack-tiny-3d", help="the network to begin with")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--save", metavar="NAME", help="write results/NAME.json (default: fewshot, if all is as it is)")
    args = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    if args.data:
        volumes, args.voxel = recorded(args)
        n_learnt = max(args.shots)
    else:
        n_learnt = max(LEARNT, *args.shots)
        volumes = simulated(n_learnt + JUDGED)
    args.diameter = typical_diameter_um(volumes["true masks"][:n_learnt], args.voxel)
    rows = measured(volumes, n_learnt, args)
    print(common.table(rows, {key: key for key in rows[0]}))


if __name__ == "__main__":
    main()
