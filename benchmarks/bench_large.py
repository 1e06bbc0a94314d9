"""Does a movie whose frames are larger than the memory given run through all stages, within that memory and in linear time?

    python benchmarks/bench_large.py            frames of 1, 2 and 4 times the memory given: about 45 minutes, 10 GB of disk
    python benchmarks/bench_large.py --quick    one small frame size, not held to a limit; nothing is saved
    python benchmarks/bench_large.py --way seeds    cells found by the classical segmentation, in place of mode track
    make bench-large

A simulated volume is repeated, mirrored, to any width and written as OME-Zarr and as truth slab by slab; no process holds a
frame. Every stage is a process of its own, with one thread. A process may take what the same stage takes for a movie of one
tile (the interpreter and libraries), and beside it what ``resources.memory_gb`` says: the kernel refuses more (RLIMIT_DATA:
all memory that is its own, touched or not). ``peak`` is the resident set, files that it has mapped included. Way `track` is
mode: track from one given point per cell and frame: masks drawn by the network that ships, and links.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import common
import numpy as np

TILE = (32, 256, 256)  # voxels of what is simulated
FRAMES = 2
UM = (4.4, 2.2, 2.2)
MEMORY_GB = 0.11
CELLS = 20  # in each tile: what takes time beside the voxels
SIZES = {"1x": (5, 5), "2x": (8, 7), "4x": (11, 10)}  # tiles along y and x
QUICK = {"quick": (2, 2)}
TILE_PX = 100  # a core with its halo then takes all of the memory given
PACKAGES = ("samtrack", "numpy", "zarr", "tifffile")
PICTURE = Path(__file__).parents[1] / "docs" / "large_frames.png"

STAGES = {
    "ingest": "ingest --config {config} --sequence 01",
    "segment": "segment --config {config} --sequence 01 --block {block}",
    "measure": "measure --config {config} --sequence 01 --block {block}",
    "typical": "measure --summarise --config {config} --sequence 01",
    "link": "link --config {config} --sequence 01 --block {block}",
    "associate": "associate --config {config} --sequence 01",
    "fill": "fill --config {config} --sequence 01 --block {block}",
    "export": "export --part tracks --config {config} --sequence 01",
    "ctc": "export --part ctc --config {config} --sequence 01",
    "validate": "validate {out}/01_RES --workers 1",
    "evaluate": "evaluate {out}/01_RES --truth {truth} --out {out}/01_scores --config {config} --workers 1",
    "report": "report --config {config} --sequence 01",
}

PLAIN = {
    "ARROW_DEFAULT_MEMORY_POOL": "system",  # its own one reserves a GB that it does not use
    "MALLOC_ARENA_MAX": "1",
    "ZARR_ASYNC__CONCURRENCY": "1",
    "ZARR_THREADING__MAX_WORKERS": "1",
    "OMP_NUM_THREADS": "1",
}
"""One thread and one heap, so that what is reserved but not used, which the limit counts as well, stays small."""

CHILD = """
import json, os, resource, sys, time
limit = int(sys.argv[1])
if limit:
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
from samtrack.cli.main import main
start = time.perf_counter()
code = main(sys.argv[2:]) or 0
lines = open("/proc/self/status").read().splitlines()
told = {line.split(":")[0]: int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith(("VmHWM", "VmData"))}
print(json.dumps(dict(code=code, seconds=time.perf_counter() - start, peak_mb=told["VmHWM"], data_mb=told["VmData"])))
"""


def mirrored(part: np.ndarray, tiles: tuple[int, int], rows: range) -> np.ndarray:
    """Some rows of a plane that is repeated, every second one mirrored."""
    n = part.shape[-1]
    along = [np.arange(n) if i % 2 == 0 else np.arange(n)[::-1] for i in range(max(tiles))]
    y = np.concatenate(along[: tiles[0]])[rows.start : rows.stop]
    return part[..., y, :][..., np.concatenate(along[: tiles[1]])]


def seeds_of(frame: int, truth: np.ndarray, tiles: tuple[int, int]) -> list[str]:
    """Lines of a table: the middle of each cell of each tile."""
    from scipy import ndimage

    z, y, x = np.array(ndimage.center_of_mass(truth > 0, truth, np.unique(truth)[1:])).T
    lines = []
    for i, j in np.ndindex(tiles):
        down, right = ((n - 1 - v) if k % 2 else v for v, k, n in ((y, i, TILE[1]), (x, j, TILE[2])))
        places = zip(z, i * TILE[1] + down, j * TILE[2] + right, strict=True)
        lines += [f"{frame},{a:.2f},{b:.2f},{c:.2f}" for a, b, c in places]
    return lines


def make_movie(folder: Path, tiles: tuple[int, int]) -> None:
    """The images as OME-Zarr and a truth as the challenge lays it out, written slab by slab."""
    from samtrack.config.ingest import IngestSettings
    from samtrack.config.simulate import SimulateSettings
    from samtrack.io.ctc import write_planes, write_result_table
    from samtrack.io.ome_zarr import ImageFacts, create_image
    from samtrack.simulate.movie import simulate_movie
    from samtrack.types import Scale

    recipe = {
        "frames": FRAMES,
        "shape_px": TILE,
        "um_per_voxel": UM,
        "seed": 5,
        "minutes_per_frame": 2,
        "cells": {"count": CELLS},
    }
    movie = simulate_movie(SimulateSettings.model_validate(recipe))
    shape = (TILE[0], TILE[1] * tiles[0], TILE[2] * tiles[1])
    n_tiles, n_tracks = tiles[0] * tiles[1], int(movie.tracks[:, 0].max())
    if n_tiles * n_tracks > 65_535:
        raise SystemExit(f"{n_tiles} tiles of {n_tracks} tracks do not fit the 16 bits of a truth")
    facts = ImageFacts(FRAMES, shape, np.dtype(np.uint16), Scale(UM, 2.0), name="01")
    writer = create_image(folder / "01.zarr", facts, IngestSettings())
    (folder / "01_GT" / "TRA").mkdir(parents=True)
    points: list[str] = []
    tile_of = np.arange(n_tiles).reshape(tiles).repeat(TILE[1], 0).repeat(TILE[2], 1)
    for t in range(FRAMES):
        made = movie.frame(t)
        image, truth = made.image.astype(np.uint16), made.truth.astype(np.uint16)

        def planes(of: np.ndarray) -> Iterator[np.ndarray]:
            return (mirrored(plane, tiles, range(shape[1])) for plane in of)

        points += seeds_of(t, truth, tiles)
        writer.write_parts(t, (plane[None] for plane in planes(image)))
        numbered = (np.where(p > 0, p + tile_of * n_tracks, 0).astype(np.uint16) for p in planes(truth))
        write_planes(folder / "01_GT" / "TRA" / f"man_track{t:03d}.tif", numbered, shape)
    writer.finish()
    (folder / "seeds.csv").write_text("\n".join(["frame,z,y,x", *points]) + "\n")
    one = movie.tracks
    shift = np.arange(n_tiles)[:, None] * n_tracks
    tracks = np.tile(one, (n_tiles, 1))
    tracks[:, 0] = (one[:, 0] + shift).ravel()
    tracks[:, 3] = np.where(one[:, 3] > 0, one[:, 3] + shift, 0).ravel()
    write_result_table(folder / "01_GT" / "TRA" / "man_track.txt", tracks)


WAYS: dict[str, dict[str, Any]] = {
    "track": {"mode": "track"},
    "seeds": {"segment": {"method": "seeds", "tile_px": TILE_PX}, "fill": {"method": "shape"}},
    "given": {"segment": {"method": "given"}, "fill": {"method": "shape"}},
}


def write_config(folder: Path, way: str) -> Path:
    """The configuration of a run: everything at its default but for sizes."""
    sequence = {"name": "01", "images": str(folder / "01.zarr"), "truth": str(folder / "01_GT")}
    sequence |= {"track": {"seeds": str(folder / "seeds.csv")}, "given": {"masks": str(folder / "01_GT" / "TRA")}}.get(
        way, {}
    )
    config = {
        "out": str(folder / "out"),
        "sequences": [sequence],
        "movie": {"um_per_voxel": list(UM), "cell_diameter_um": 11.0},
        **WAYS[way],
        "link": {"sam2": "off"},
        "sammed3d": {"memory_gb": 0.1, "device": "cpu"},
        "blocks": {"frames": FRAMES},
        "resources": {"memory_gb": MEMORY_GB, "workers": 1},
    }
    path = folder / "config.json"
    path.write_text(json.dumps(config))
    return path


def run_stage(folder: Path, stage: str, limit_mb: float | None) -> dict[str, float]:
    """One stage as a process; fails if it needs more than ``limit_mb`` (None: no limit)."""
    fields = {"config": folder / "config.json", "out": folder / "out", "truth": folder / "01_GT"}
    words = [word.format(**fields, block=f"{0:05d}-{FRAMES:05d}") for word in STAGES[stage].split()]
    limit = str(int(limit_mb * 1e6)) if limit_mb else "0"
    done = subprocess.run([sys.executable, "-c", CHILD, limit, *words], capture_output=True, env=os.environ | PLAIN)
    lines = [line for line in done.stdout.decode().splitlines() if line.startswith('{"code"')]
    if done.returncode or not lines or json.loads(lines[-1])["code"]:
        said = done.stdout.decode()[-1000:] + done.stderr.decode()[-3000:]
        raise SystemExit(f"{stage} under {limit_mb} MB failed (exit {done.returncode}):\n{said}")
    found: dict[str, float] = json.loads(lines[-1])
    return found


def run_all(tiles: tuple[int, int], libraries: dict[str, float] | None, where: Path, way: str) -> list[dict[str, Any]]:
    """All stages of one movie. ``libraries``: MB of each stage for a movie of one tile; None: there is no limit."""
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        start = time.perf_counter()
        make_movie(folder, tiles)
        _say(f"{tiles[0]} x {tiles[1]} tiles made in {time.perf_counter() - start:.0f} s")
        write_config(folder, way)
        rows = []
        for stage in STAGES:
            limit = libraries[stage] + 1e3 * MEMORY_GB if libraries else None
            found = run_stage(folder, stage, limit)
            rows.append({"stage": stage, "limit_mb": limit, **found, "per_frame_s": found["seconds"] / FRAMES})
            _say(f"  {stage}: {found['seconds']:.1f} s, peak {found['peak_mb']:.0f} MB, limit {limit or 0:.0f} MB")
        scores = json.loads((folder / "out" / "01_scores.json").read_text())["values"]
        rows.append({"stage": "scores", **{k: scores[k] for k in ("DET", "TRA")}})
        return rows


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Seconds per frame of the stages against voxels, and peak memory against the limit."""
    import matplotlib.pyplot as plt

    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4.6), layout="constrained")
    stages = [s for s in STAGES if s not in ("typical", "associate")]
    for stage in stages:
        mine = [r for r in rows if r["stage"] == stage]
        left.plot([r["voxels"] / 1e6 for r in mine], [r["per_frame_s"] for r in mine], "o-", label=stage, ms=3)
    left.set(xlabel="million voxels per frame", ylabel="seconds per frame", xscale="log", yscale="log")
    left.legend(fontsize=7, ncols=4, loc="lower left", bbox_to_anchor=(0, 1))
    most = [r for r in rows if r["stage"] in stages and r["size"] == list(SIZES)[-1]]
    place = np.arange(len(most))
    right.bar(place - 0.2, [r["libraries_mb"] for r in most], 0.4, label="libraries (one tile)")
    right.bar(place + 0.2, [r["peak_mb"] for r in most], 0.4, label="peak, largest frames")
    right.plot(place, [r["limit_mb"] for r in most], "k_", ms=16, label="limit")
    right.axhline(most[0]["frame_mb"], color="0.6", lw=1, label="one frame, as stored")
    right.set_xticks(place, [r["stage"] for r in most], rotation=60)
    right.set_ylabel("MB")
    right.legend(fontsize=7, ncols=2, loc="lower left", bbox_to_anchor=(0, 1))
    figure.savefig(path, dpi=110)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


COLUMNS = {
    "size": "frame",
    "frame_mb": "frame MB",
    "stage": "stage",
    "per_frame_s": "s per frame",
    "us_per_voxel": "µs per voxel",
    "libraries_mb": "libraries MB",
    "limit_mb": "limit MB",
    "peak_mb": "peak MB",
}


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one small frame size without a limit; nothing is saved")
    parser.add_argument("--size", choices=SIZES, action="append", help="only some of the frame sizes")
    parser.add_argument("--way", choices=WAYS, default="track", help="where masks come from (default: track)")
    parser.add_argument("--scratch", type=Path, help="folder for the movies (default: the system's)")
    options = parser.parse_args()
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    libraries = {
        row["stage"]: row["data_mb"] for row in run_all((1, 1), None, options.scratch, options.way) if "data_mb" in row
    }
    rows: list[dict[str, Any]] = []
    for size, tiles in (QUICK if options.quick else SIZES).items():
        if options.size and size not in options.size:
            continue
        voxels = int(np.prod(TILE)) * tiles[0] * tiles[1]
        for row in run_all(tiles, None if options.quick else libraries, options.scratch, options.way):
            row |= {"size": size, "voxels": voxels, "frame_mb": 2 * voxels / 1e6}
            if "per_frame_s" in row:
                row |= {"us_per_voxel": 1e6 * row["per_frame_s"] / voxels, "libraries_mb": libraries[row["stage"]]}
            rows.append(row)
    sys.stdout.write(common.table([row for row in rows if "seconds" in row], COLUMNS) + "\n")
    if not options.quick:
        part = "-".join(["large", options.way, *(options.size or [])])
        common.save(part, {**facts, "memory_gb": MEMORY_GB, "rows": rows})
        if part == "large-track":
            draw(rows, PICTURE)


if __name__ == "__main__":
    main()
