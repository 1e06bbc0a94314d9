"""How many annotated volumes does the small SAM-Med3D network need to learn an unknown look? And do coarse masks do?

    python benchmarks/bench_fewshot.py                       simulated volumes of a look that no recipe of its training has
    python benchmarks/bench_fewshot.py --data DIR --masks DIR --voxel 2.18 1 1 --shots 0 1 2 3
    python benchmarks/bench_fewshot.py --shots 0 2 --rate 3e-4 --steps 30         a trial

The look: dark nuclei in a bright field. Each point of the curve is a fine-tuning of its own (`samtrack train sammed3d`, a
fixed number of steps, no choice among looks) on the first so many volumes, with their true masks or with masks that were
spoiled (`ERRORS`); of a recording, on its first frames. Judged by true masks of volumes beyond all of these. Told:

    IoU           mean of held-out cells, the network alone: clicks at jittered seeds, negative ones at neighbours
    SEG, F1       the masks of `segment.method: prompts3d` from a click in each true cell: mean IoU of true cells with the
                  mask that covers more than half of them, 0 without one; F1 of masks with an IoU above 0.5
    refused       share of those cells that the network did not draw: a ball of the known diameter stands for them
    learnt from   SEG of the masks that it learnt from
"""

from __future__ import annotations

import argparse
import multiprocessing
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import common
import numpy as np
from bench_volumes import judged

PICTURE = Path(__file__).parents[1] / "docs" / "fewshot.png"
SHOTS = (0, 1, 2, 5, 10)
LEARNT, JUDGED = 10, 4
"""Simulated volumes to learn from at most, and others to judge by."""

LOOK: dict[str, Any] = {
    "frames": 1,
    "shape_px": (24, 72, 72),
    "um_per_voxel": (2.0, 1.0, 1.0),
    "cells": {"density": 0.2, "diameter_um": 14.0, "elongation": 1.5, "clustered": 0.8, "may_leave": False},
}
ERRORS = {"missed": 0.15, "merged": 0.08, "split": 0.08, "spurious": 0.1, "boundary_um": 1.0}
"""Every sixth cell missed, neighbours under one mask, cells cut in two, masks of nothing, shaky outlines."""

RATE, STEPS = 1e-3, 40
RECIPE = {"simulated": 0, "held_out_share": 0, "workers": 0, "warmup": 5, "average": 0.9, "pool": 24, "prompts": 4}
"""Beside rate and steps: nothing but the annotated volumes; four prompts per tile, each asked once, are quick on a CPU."""

TILES = 12
"""Held-out tiles in which the network alone is judged."""

PACKAGES = ("samtrack", "numpy", "scipy", "torch")
Volumes = dict[str, list[Any]]


def simulated(n: int) -> Volumes:
    """Pictures, true and spoiled masks of some volumes of the look."""
    from samtrack.config.simulate import SimulateSettings
    from samtrack.simulate import simulate_movie

    made: Volumes = {"image": [], "true masks": [], "spoiled masks": []}
    for seed in range(n):
        frame = simulate_movie(SimulateSettings.model_validate({**LOOK, "seed": seed, "masks": ERRORS})).frame(0)
        made["image"].append(frame.image.max() - frame.image)
        made["true masks"].append(frame.truth)
        made["spoiled masks"].append(frame.masks)
    return made


def recorded(options: argparse.Namespace) -> Volumes:
    """The frames of a recording that have masks."""
    from samtrack.config import build_config
    from samtrack.config.segment import GivenSettings
    from samtrack.io.movies import open_masks, open_movie

    config = build_config({"movie": {"um_per_voxel": list(options.voxel)}})
    images = open_movie(options.data, config.ingest, config.movie)
    masks = open_masks(options.masks, options.data, images, GivenSettings(missing="empty"))
    frames = [t for t in range(images.n_frames) if masks.read(t).any()]
    return {"image": [images.read(t) for t in frames], "true masks": [masks.read(t) for t in frames]}


def tuned(out: Path, volumes: Volumes, kind: str, n: int, options: argparse.Namespace) -> str:
    """The folder of the network, fine-tuned on the first n volumes."""
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
    raw |= {"steps": options.steps, "check_every": options.steps, "checkpoint_every": options.steps, "held_out": 1}
    raw |= {"diameter_um": options.diameter, "rounds": [1], **RECIPE}
    settings = check_recipe(raw, "few shots", TrainSamMed3DSettings)
    config = build_config({"movie": {"um_per_voxel": list(options.voxel)}})
    run_train_sammed3d(SamMed3DTraining(settings, out / "net", config))
    return str(out / "net")


def fits(weights: str, volumes: Volumes, options: argparse.Namespace) -> dict[str, float]:
    """Figures of a network in some volumes: alone, and of the masks that are drawn with it."""
    import torch
    from scipy import ndimage

    from samtrack.config import build_config
    from samtrack.config.train_sammed3d import TrainSamMed3DSettings
    from samtrack.segment import build_segmenter, segment_frame
    from samtrack.stages.engine3d import open_engine3d
    from samtrack.train.sammed3d_movies import Scene, annotated_frames, annotated_stream
    from samtrack.train.sammed3d_run import Run
    from samtrack.types import ArrayFrames, Scale

    scale = Scale(tuple(options.voxel))
    raw = {"method": "prompts3d", "seeds": {"method": "file"}}
    config = build_config({"segment": raw, "sammed3d": {"weights": weights}})
    engine, _ = open_engine3d(config.sammed3d, 1)
    frames, truth = ArrayFrames(volumes["image"], scale), volumes["true masks"]

    def points(frame: int) -> Any:
        label = np.unique(truth[frame])[1:]
        return np.array(ndimage.center_of_mass(truth[frame] > 0, truth[frame], label)) * scale.voxel_um

    segmenter = build_segmenter(config.segment, options.diameter, scale, None, None, points, engine)
    found = judged([segment_frame(segmenter, frames, t) for t in range(frames.n_frames)], truth)
    annotated = tuple(annotated_frames(frames, ArrayFrames(truth, scale), "held-out volumes"))
    scene = Scene(annotated, options.diameter, engine.use.cell_px, engine.side)
    run = Run(engine.network, TrainSamMed3DSettings(), torch.device("cpu"))
    alone, _, _ = run.check(list(islice(annotated_stream(scene, 1), TILES)))
    tally = segmenter.tally
    return {"IoU": alone["iou"], **{k: found[k] for k in ("SEG", "F1")}, "refused": tally.kept / max(tally.cells, 1)}


def point(volumes: Volumes, n_learnt: int, options: argparse.Namespace, asked: tuple[str, int]) -> dict[str, Any]:
    """One point of a curve: a kind of masks, and how many volumes of it."""
    import torch

    torch.set_num_threads(1)
    kind, n = asked
    given, truth = volumes[kind][:n], volumes["true masks"][:n]
    row: dict[str, Any] = {"masks": kind, "volumes": n, "cells": sum(len(np.unique(m)) - 1 for m in given)}
    row["learnt from"] = judged(given, truth)["SEG"] if n else None
    judges = {name: part[n_learnt:] for name, part in volumes.items()}
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        weights = tuned(Path(folder), volumes, kind, n, options) if n else options.weights
        seconds = time.perf_counter() - start
        row |= fits(weights, judges, options)
    return row | {"s to learn": round(seconds if n else 0.0, 1)}


def curves(volumes: Volumes, n_learnt: int, options: argparse.Namespace) -> list[dict[str, Any]]:
    """One row per kind of masks and number of volumes; without volumes both kinds are one row."""
    kinds = [name for name in volumes if name != "image"]
    asked = [(kind, n) for n in sorted(options.shots, reverse=True) for kind in kinds if n or kind == kinds[0]]
    work = partial(point, volumes, n_learnt, options)
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.jobs, mp_context=spawn) as pool:
        rows = []
        for row in pool.map(work, asked):
            print({k: round(v, 3) if isinstance(v, float) else v for k, v in row.items()}, flush=True)
            rows.append(row)
    return sorted(rows, key=lambda row: (kinds.index(row["masks"]), row["volumes"]))


def draw(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Mean IoU against the number of volumes, one line per kind of masks, and how good those masks were."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, panel = pyplot.subplots(figsize=(5.2, 3.4), layout="constrained")
    shown = sorted({row["volumes"] for row in rows})
    for kind, style in (("true masks", "o-"), ("spoiled masks", "s--")):
        of = [row for row in rows if row["masks"] == kind or row["volumes"] == 0]
        of.sort(key=lambda row: row["volumes"])
        panel.plot([shown.index(r["volumes"]) for r in of], [r["IoU"] for r in of], style, label=f"learnt from {kind}")
    bad = [row["learnt from"] for row in rows if row["masks"] == "spoiled masks" and row["volumes"]]
    panel.axhline(float(np.mean(bad)), color="#999999", linewidth=1, label="the spoiled masks themselves")
    panel.set(xlabel="annotated volumes", ylabel="mean IoU of held-out cells", ylim=(0, 1))
    panel.set_xticks(range(len(shown)), [str(n) for n in shown])
    panel.legend(loc="lower right", frameon=False, fontsize=8)
    panel.spines[["top", "right"]].set_visible(False)
    figure.savefig(path, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="images of a recording, TIFF or Zarr, instead of simulated volumes")
    parser.add_argument("--masks", type=Path, help="its masks")
    parser.add_argument("--voxel", type=float, nargs=3, default=LOOK["um_per_voxel"], help="size of its voxels, z y x")
    parser.add_argument("--shots", type=int, nargs="+", default=list(SHOTS), help="numbers of annotated volumes")
    parser.add_argument("--weights", default="samtrack-tiny-3d", help="the network to begin with")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument("--jobs", type=int, default=2, help="points at once, one thread each")
    parser.add_argument("--quick", action="store_true", help="two points, few steps")
    args = parser.parse_args()
    if args.quick:
        args.shots, args.steps = [0, 1], 10
    n_learnt = max(args.shots) if args.data else max(LEARNT, *args.shots)
    volumes = recorded(args) if args.data else simulated(n_learnt + JUDGED)
    if len(volumes["image"]) <= n_learnt:
        parser.error(f"{len(volumes['image'])} volumes with masks: none is left to judge by; give fewer --shots")
    sizes = np.concatenate([np.bincount(m.reshape(-1))[1:] for m in volumes["true masks"][:n_learnt]])
    args.diameter = float(np.cbrt(np.median(sizes[sizes > 0]) * np.prod(args.voxel) * 6 / np.pi))
    rows = curves(volumes, n_learnt, args)
    print(common.table(rows, {key: key for key in rows[0]}))
    if not args.data and tuple(args.shots) == SHOTS:
        facts = {"machine": common.machine(), "commit": common.commit(), "versions": common.versions(*PACKAGES)}
        how = {"weights": args.weights, "rate": args.rate, "steps": args.steps, "recipe": RECIPE}
        print("written:", common.save("fewshot", facts | how | {"rows": rows}))
        draw(rows, PICTURE)


if __name__ == "__main__":
    main()
