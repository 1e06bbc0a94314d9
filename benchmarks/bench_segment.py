"""How good are masks that SAM 2 draws from a point in each cell, beside the classical ones that the points come from?

    python benchmarks/bench_segment.py --data DIR                            2D datasets below DIR, 8 frames each
    python benchmarks/bench_segment.py --data DIR --only HeLa --frames 20    a part
    python benchmarks/bench_segment.py --data DIR --weights FOLDER           another network
    make bench-segment DATA=DIR

DIR holds datasets as the Cell Tracking Challenge lays them out. Frames are taken evenly from sequence 01 and compared with
the silver truth (``01_ST/SEG``). Told per method: SEG (mean IoU of true cells with the mask that covers more than half of
them, 0 without one), the share of true cells so covered, masks that cover none per true cell, and seconds per frame.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from typing import Any

import common
import numpy as np

DATASETS = ("DIC-C2DH-HeLa", "Fluo-N2DL-HeLa", "PhC-C2DL-PSC")
CELLS_PX: dict[str, float | None] = {"sam2": None, "sam2, cells of 45 px": 45.0}
PACKAGES = ("samtrack", "numpy", "scipy", "torch", "transformers")


def segmented(folder: Path, name: str, options: argparse.Namespace) -> list[dict[str, Any]]:
    """Rows of one dataset: the classical masks, and the network's at several scales."""
    from samtrack.config import build_config
    from samtrack.config.segment import GivenSettings
    from samtrack.io.movies import open_masks, open_movie
    from samtrack.segment import build_segmenter, measure_diameter, segment_frame
    from samtrack.stages.engine import open_engine

    config = build_config({"preset": name})
    images = open_movie(folder / "01", config.ingest, config.movie)
    truth = open_masks(folder / "01_ST" / "SEG", folder / "01", images, GivenSettings())
    frames = np.unique(np.linspace(0, images.n_frames - 1, options.frames).astype(int))
    diameter = config.movie.cell_diameter_um or measure_diameter(images, config.segment)
    plain = config.segment.model_dump()
    methods: dict[str, tuple[Any, Any]] = {"seeds": (config.segment, None)}
    for word, cell_px in CELLS_PX.items():
        raw = {"segment": {"method": "sam2", "seeds": plain}, "sam2": {"weights": options.weights, "cell_px": cell_px}}
        changed = build_config(raw)
        methods[word] = (changed.segment, open_engine(changed.sam2, options.threads)[0])
    rows = []
    for word, (settings, engine) in methods.items():
        segmenter = build_segmenter(settings, diameter, images.scale, engine, config.resources.memory_gb)
        seconds = time.perf_counter()
        drawn = [segment_frame(segmenter, images, int(t), config.resources.memory_gb) for t in frames]
        seconds = (time.perf_counter() - seconds) / len(frames)
        rows.append(
            {"dataset": name, "method": word, **judged(drawn, [truth.read(int(t)) for t in frames]), "s": seconds}
        )
        print(rows[-1], flush=True)
    return rows


def judged(drawn: list[Any], truth: list[Any]) -> dict[str, float]:
    """Figures of some frames against the truth."""
    from samtrack.evaluate import match_frame

    matches = [match_frame(true, mask) for true, mask in zip(truth, drawn, strict=True)]
    n = sum(len(m.truth) for m in matches)
    n_masks = sum(len(m.result) for m in matches)
    used = sum(len(np.unique(m.matched_result)) for m in matches)
    return {
        "cells": n,
        "SEG": float(np.concatenate([m.iou for m in matches]).sum() / max(n, 1)),
        "covered": sum(len(m.iou) for m in matches) / max(n, 1),
        "on none": (n_masks - used) / max(n, 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DATA"), help="folder of the datasets")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="datasets whose name holds TEXT")
    parser.add_argument("--frames", type=int, default=8, help="frames of each, evenly taken")
    parser.add_argument("--weights", default="samtrack-tiny", help="as the setting sam2.weights")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="2 frames of each")
    args = parser.parse_args()
    if not args.data:
        print(
            "bench-segment needs recorded movies, which samtrack does not ship: make bench-segment DATA=DIR. Skipped."
        )
        return
    args.frames = 2 if args.quick else args.frames
    rows: list[dict[str, Any]] = []
    for name in DATASETS:
        if (Path(args.data) / name).is_dir() and (not args.only or any(text in name for text in args.only)):
            rows += segmented(Path(args.data) / name, name, args)
    print(common.table(rows, {key: key for key in rows[0]}))
    if not (args.quick or args.only):
        content = {"machine": common.machine(), "commit": common.commit(), "versions": common.versions(*PACKAGES)}
        print("written:", common.save("segment", content | {"frames": args.frames, "rows": rows}))


if __name__ == "__main__":
    main()
