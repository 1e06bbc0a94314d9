"""How well does a SAM 2 network carry cells of real movies from frame to frame, all by itself?

    python benchmarks/bench_carry.py MOVIE [MOVIE ...]                          the network that ships
    python benchmarks/bench_carry.py MOVIE --weights DIR --cell-px 40           another one, another size
    python benchmarks/bench_carry.py MOVIE --frames 20 --gap 2                  fewer frames, two frames on

MOVIE is a folder of images as in DATA/01, with its truth DATA/01_GT and, if there is one, the silver truth DATA/01_ST beside
it. Every cell is shown to the network by its mask and carried into a later frame (and back). Told are the share of cells
whose mask lies most on the right cell ("found"; on either daughter of a mother), the mean IoU of the mask with the true one, the share of cells
with IoU above .5, all of them also for the mask left where it was ("stay"), and the object scores of cells that stay and that leave.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import common
import numpy as np

from samtrack.config.link import LinkSettings
from samtrack.config.sam2 import Sam2Settings
from samtrack.link.propagate import propagate_cells
from samtrack.stages.annotated import movie_name, read_tracked
from samtrack.stages.engine import open_engine
from samtrack.link import measure_detections, summarise
from samtrack.types import ArrayFrames, Detections, Span


def carry(path: Path, options: argparse.Namespace) -> dict[str, float]:
    """Figures of one movie."""
    movie = read_tracked(path, None)
    n = min(options.frames or movie.labels.n_frames, movie.labels.n_frames)
    frames = [movie.labels.read(t).astype(np.uint32) for t in range(n)]
    labels = ArrayFrames(frames, movie.labels.scale)
    images = ArrayFrames([movie.images.read(t) for t in range(n)], movie.labels.scale)
    table = Detections.concatenate([measure_detections(f, t, labels.scale, None) for t, f in enumerate(frames)])
    settings = LinkSettings(propagate_frames=options.gap, max_gap_frames=max(options.gap - 1, 2), propagate_planes=options.planes)
    weights = Sam2Settings(
        weights=options.weights, cell_px=options.cell_px, window_px=options.window_px, tile_px=options.tile_px
    )
    engine, _ = open_engine(weights, options.threads)
    start = time.perf_counter()
    found = list(propagate_cells(engine, images, labels, table, Span(0, n), summarise(table), settings))
    seconds = time.perf_counter() - start
    parent = {int(t): int(p) for t, _, _, p in movie.tracks}
    figures: dict[str, list[float]] = {"found": [], "iou": [], "stay_found": [], "stay_iou": [], "here": [], "gone": []}
    for part in found:
        _judge(part, table, frames, parent, options.gap, figures)
    iou = np.array(figures["iou"])
    return {
        "cells carried": len(iou) + len(figures["gone"]),
        "found": float(np.mean(figures["found"])),
        "IoU": float(iou.mean()),
        "IoU > .5": float((iou > 0.5).mean()),
        "found, stay": float(np.mean(figures["stay_found"])),
        "IoU, stay": float(np.mean(figures["stay_iou"])),
        "here told": float((np.array(figures["here"]) > 0).mean()),
        "gone told": float((np.array(figures["gone"]) <= 0).mean()) if figures["gone"] else float("nan"),
        "cells/s": (len(iou) + len(figures["gone"])) / seconds,
    }


def _judge(part, table, frames, parent, gap, figures) -> None:
    """Add what one frame's evidence says of cells whose future or past is known."""
    for source in np.unique(part.source):
        t, track = int(table.frame[source]), int(table.label[source])
        for there in np.unique(part.target_frame[part.source == source]):
            if abs(there - t) != gap:
                continue
            rows = np.flatnonzero((part.source == source) & (part.target_frame == there))
            kin = _kin(track, frames[there], parent, forward=there > t)
            if not kin:
                figures["gone"].append(float(part.object_logit[rows[0]]))
                continue
            figures["here"].append(float(part.object_logit[rows[0]]))
            label = np.where(part.target[rows] >= 0, table.label[part.target[rows]], 0)
            best = label[np.argmax(part.overlap[rows])]
            figures["found"].append(float(best in kin))
            shared = part.overlap[rows][np.isin(label, kin)].sum()
            true_size = _size_of(part, rows, label, kin, shared, table, source, frames, there)
            figures["iou"].append(float(shared / max(part.predicted[rows[0]] + true_size - shared, 1e-9)))
            here = frames[t] == track
            under = frames[there][here]
            hit = np.bincount(under[under > 0]) if (under > 0).any() else np.zeros(1)
            figures["stay_found"].append(float(hit.argmax() in kin and hit.max() > 0))
            true = np.isin(frames[there], kin)
            figures["stay_iou"].append(float((true & here).sum() / (true | here).sum()))


def _kin(track, frame, parent, forward) -> list[int]:
    """The cell in another frame: itself, else its daughters, else its mother."""
    if (frame == track).any():
        return [track]
    near = [t for t, p in parent.items() if p == track] if forward else [parent.get(track, 0)]
    return [t for t in near if t > 0 and (frame == t).any()]


def _size_of(part, rows, label, kin, shared, table, source, frames, there) -> float:
    """Size of the true mask in the unit of the evidence, from any hit of that frame."""
    known = part.target[rows] >= 0
    per_voxel = None
    if known.any():
        row = rows[known][0]
        target = part.target[row]
        per_voxel = part.target_size[row] / max((frames[there] == table.label[target]).sum(), 1)
    total = sum(int((frames[there] == k).sum()) for k in kin)
    return total * per_voxel if per_voxel else total


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("movies", type=Path, nargs="+")
    parser.add_argument("--weights", default="samtrack-tiny")
    parser.add_argument("--cell-px", type=float)
    parser.add_argument("--window-px", type=int)
    parser.add_argument("--tile-px", type=int)
    parser.add_argument("--gap", type=int, default=1, help="frames between (1: the next one)")
    parser.add_argument("--frames", type=int, help="first frames only")
    parser.add_argument("--planes", default="largest", help="of 3D movies: largest, three, orthogonal")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="12 frames of each movie")
    options = parser.parse_args()
    options.frames = 12 if options.quick else options.frames
    rows = {movie_name(path): carry(path, options) for path in options.movies}
    names = list(next(iter(rows.values())))
    print(f"| movie | {' | '.join(names)} |\n|{'---|' * (len(names) + 1)}")
    for movie, row in rows.items():
        print(f"| {movie} | {' | '.join(f'{row[k]:.3f}' if row[k] < 10 else f'{row[k]:.0f}' for k in names)} |")
    common.RESULTS.mkdir(exist_ok=True)
    (common.RESULTS / "carry.json").write_text(json.dumps({"machine": common.machine(), "rows": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
