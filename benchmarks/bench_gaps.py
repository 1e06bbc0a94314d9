"""How well are missing masks drawn? Known masks are taken away at random and filled again.

    python benchmarks/bench_gaps.py --data DIR                              shape, SAM 2, and blends of both
    python benchmarks/bench_gaps.py --data DIR --only PSC --frames 20       a part
    python benchmarks/bench_gaps.py --data DIR --weights FOLDER             another network
    make bench-gaps DATA=DIR

DIR holds datasets as the Cell Tracking Challenge lays them out, each with ``01``, ``01_GT`` and ``01_ST/SEG``. A share of
the masks is dropped (seeded), only masks whose true track has others before and after it; then the gaps of the true
tracks are filled. Told per method: the share of the dropped masks that came back with an IoU above 0.5, the mean IoU
over all dropped ones (a mask that did not come back has 0), TRA before and after, the share of masks that a network
drew by their shape alone, and seconds.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import common
import numpy as np

DATASETS = ("DIC-C2DH-HeLa", "Fluo-N2DL-HeLa", "PhC-C2DL-PSC", "CE-semisynthetic")
SHARE = 0.05
"""Share of all masks that are taken away."""

FOUND_IOU = 0.5
BLENDS = ("auto", "0", "0.5")
"""Weights of the shape beside the network that are tried (`fill.shape_weight`)."""

PACKAGES = ("samtrack", "numpy", "scipy", "torch", "transformers")


@dataclass(frozen=True)
class Gappy:
    """A movie with masks taken away: what is left, the true tracks of it, and (frame, track, mask) of what is missing."""

    name: str
    labels: Any
    images: Any
    detections: Any
    tracks: Any
    typical: Any
    dropped: list[tuple[int, int, Any]]
    truth: Any


def gappy_movie(folder: Path, name: str, n_frames: int | None, seed: int, share: float) -> Gappy:
    """The first frames of sequence 01 of a dataset without some of its masks."""
    from samtrack.config import build_config
    from samtrack.io.truth import list_truth
    from samtrack.stages.annotated import read_annotated
    from samtrack.types import ArrayFrames, Scale

    seg = folder / "01_ST" / "SEG" if (folder / "01_ST").is_dir() else folder / "01_GT" / "SEG"
    movie = read_annotated(folder / "01", seg, build_config({"movie": voxel_of(name)}))
    n = min(n_frames or movie.labels.n_frames, movie.labels.n_frames)
    rows = np.flatnonzero(movie.detections.frame < n)
    whole, track = movie.detections.take(rows), movie.track_of[rows]
    rng = np.random.default_rng(seed)
    inner = inner_rows(whole.frame, track)
    gone = np.sort(rng.choice(inner, min(round(share * len(whole)), len(inner)), replace=False))
    frames, dropped = [movie.labels.read(t) for t in range(n)], []
    for row in gone:
        t = int(whole.frame[row])
        mask = frames[t] == whole.label[row]
        dropped.append((t, int(track[row]), mask))
        frames[t][mask] = 0
    left = np.setdiff1d(np.arange(len(whole)), gone)
    tracks, number = true_tracks(whole.frame[left], track[left], movie.tracks)
    scale = Scale(movie.labels.scale.um_per_voxel)
    return Gappy(
        name,
        ArrayFrames(frames, scale),
        movie.images,
        whole.take(left),
        tracks,
        movie.typical,
        [(t, number[k], mask) for t, k, mask in dropped],
        list_truth(folder / "01_GT"),
    )


def voxel_of(name: str) -> dict[str, Any]:
    """Voxels as long along z as the data say; everything else is in voxels."""
    return {"um_per_voxel": [3.0, 1.0, 1.0]} if name == "CE-semisynthetic" else {"um_per_voxel": [1.0, 1.0]}


def inner_rows(frame: Any, track: Any) -> Any:
    """Detections of a track that are neither its first nor its last."""
    order = np.lexsort((frame, track))
    same = np.diff(track[order]) == 0
    is_inner = np.zeros(len(order), dtype=bool)
    is_inner[1:-1] = same[1:] & same[:-1]
    return np.sort(order[is_inner & (track[order] > 0)])


def true_tracks(frame: Any, track: Any, table: Any) -> tuple[Any, dict[int, int]]:
    """The true tracks of the detections that are left, and the number that each has among these."""
    from samtrack.types import Tracks

    known, number_of = np.unique(track[track > 0], return_inverse=True)
    track_of = np.zeros(len(track), dtype=np.int64)
    track_of[track > 0] = number_of + 1
    number = {int(k): i for i, k in enumerate(known, start=1)}
    seen = [frame[track_of == i] for i in range(1, len(known) + 1)]
    first, last = np.array([f.min() for f in seen]), np.array([f.max() for f in seen])
    parent = {int(row[0]): number.get(int(row[3]), 0) for row in table}
    parents = np.array([parent[int(k)] for k in known])
    parents[(parents > 0) & (last[parents - 1] >= first)] = 0
    return Tracks(track_of, np.arange(1, len(known) + 1), first, last, parents), number


def fill(movie: Gappy, settings: dict[str, Any], weights: tuple[str, str], workers: int) -> dict[str, Any]:
    """Fill all gaps by one method; what came of it."""
    from samtrack.config import build_config
    from samtrack.fill import fill_gaps
    from samtrack.stages.fill import cells_of, drawer_of
    from samtrack.types import Merges, Span

    raw = {
        "fill": settings,
        "sam2": {"weights": weights[0]},
        "sammed3d": {"weights": weights[1]},
        "resources": {"workers": workers},
    }
    config = build_config(raw)
    facts: list[str] = []
    seconds = time.perf_counter()
    drawer = drawer_of(config, movie.images, movie.typical, facts, cells_of(movie.detections, movie.tracks))
    span = Span(0, movie.labels.n_frames)
    patches = fill_gaps(movie.labels, movie.detections, movie.tracks, Merges.none(), span, config.fill, drawer)
    seconds = time.perf_counter() - seconds
    drawn = {(patch.frame, patch.track): patch for patch in patches}
    ious = np.array([iou_of(drawn.get((t, k)), mask) for t, k, mask in movie.dropped])
    return {
        "missing": len(movie.dropped),
        "found": float(np.mean(ious > FOUND_IOU)),
        "IoU": float(np.mean(ious)),
        "TRA": tra_of(movie, patches),
        "by shape": drawer.n_by_shape / max(drawer.n_drawn, 1) if drawer else None,
        "seconds": seconds,
        "network": facts[0] if facts else None,
    }


def iou_of(patch: Any, mask: Any) -> float:
    """Overlap of a filled mask with the true one; 0 if there is none."""
    if patch is None:
        return 0.0
    hit = np.count_nonzero(mask[patch.box.slices] & patch.mask)
    return float(hit / (np.count_nonzero(mask) + np.count_nonzero(patch.mask) - hit))


def tra_of(movie: Gappy, patches: list[Any]) -> float:
    """TRA of the true tracks with these masks."""
    from samtrack.config.evaluate import EvaluateSettings
    from samtrack.evaluate import match_frame, score_movie
    from samtrack.fill import paste_patches
    from samtrack.io.ctc import read_mask

    tracks, matches = movie.tracks, []
    for t in range(movie.labels.n_frames):
        rows = np.flatnonzero(movie.detections.frame == t)
        labels = movie.labels.read(t)
        table = np.zeros(int(max(labels.max(), movie.detections.label[rows].max(initial=0))) + 1, dtype=np.int64)
        table[movie.detections.label[rows]] = tracks.track_of[rows]
        result = paste_patches(table[labels], [patch for patch in patches if patch.frame == t])
        matches.append(match_frame(read_mask(movie.truth.tracking[t].path), result))
    rows = np.stack([tracks.track, tracks.first_frame, tracks.last_frame, tracks.parent], axis=1)
    truth = movie.truth.table[movie.truth.table[:, 1] < movie.labels.n_frames]
    return float(score_movie(matches, [], truth, rows, EvaluateSettings()).values["TRA"])


def methods(blends: list[str], ndim: int) -> dict[str, dict[str, Any]]:
    """Every method that is compared on movies of so many axes, by name."""
    drawn: dict[str, dict[str, Any]] = {"shape": {"method": "shape"}}
    for blend in blends:
        name = {"auto": "sam2", "0": "sam2, no shape"}.get(blend, f"sam2, shape {blend}")
        drawn[name] = {"method": "sam2", "shape_weight": "auto" if blend == "auto" else float(blend)}
        if ndim == 3 and blend != "auto":
            drawn[f"prompts3d, shape {blend}"] = {"method": "prompts3d", "shape_weight": float(blend)}
    return drawn


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DATA"), help="folder of the datasets")
    parser.add_argument("--only", action="append", default=[], metavar="TEXT", help="datasets whose name holds TEXT")
    parser.add_argument("--frames", type=int, help="first frames only")
    parser.add_argument("--weights", default="samtrack-tiny", help="as the setting sam2.weights")
    parser.add_argument("--weights3d", default="samtrack-tiny-3d", help="as the setting sammed3d.weights")
    parser.add_argument("--blend", action="append", metavar="SHARE", help="weight of the shape: auto, or 0 to 1")
    parser.add_argument("--share", type=float, default=SHARE, help="share of the masks that are taken away")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--workers", type=int, default=os.cpu_count(), help="threads of the network")
    parser.add_argument("--quick", action="store_true", help="12 frames of each")
    args = parser.parse_args()
    if not args.data:
        print("bench-gaps needs recorded movies, which samtrack does not ship: make bench-gaps DATA=DIR. Skipped.")
        return
    rows = []
    for name in DATASETS:
        folder = Path(args.data) / name
        if not folder.is_dir() or (args.only and not any(text in name for text in args.only)):
            continue
        movie = gappy_movie(folder, name, 12 if args.quick else args.frames, args.seed, args.share)
        before = tra_of(movie, [])
        for method, settings in methods(args.blend or list(BLENDS), len(movie.labels.shape)).items():
            found = fill(movie, settings, (args.weights, args.weights3d), args.workers)
            rows.append({"dataset": name, "method": method, "TRA before": before, **found})
            print(common.table(rows[-1:], {key: key for key in rows[-1]}), flush=True)
    shown = [
        {k: f"{v:.4f}" if k in ("found", "IoU", "TRA", "TRA before") else v for k, v in r.items() if k != "network"}
        for r in rows
    ]
    print(common.table(shown, {key: key for key in shown[0]}))
    if not (args.quick or args.only or args.frames):
        content = {"machine": common.machine(), "commit": common.commit(), "versions": common.versions(*PACKAGES)}
        print("written:", common.save("gaps", content | {"seed": args.seed, "share": args.share, "rows": rows}))


if __name__ == "__main__":
    main()
