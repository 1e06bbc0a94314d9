"""How do time, memory, files and disk of every stage grow with a movie's frames, cells and voxels?

    python benchmarks/bench_growth.py            each multiplied by 1, 4 and 16 (about 40 minutes)
    python benchmarks/bench_growth.py --quick    by 1 and 4; nothing is saved
    make bench-growth

A made-up volume of round cells that sway, each unseen in one frame of fifty, is drawn and written frame by frame. The
movie of factor 1 has 8 frames of 32 x 192 x 192 voxels with 32 cells. More frames means longer; more cells, the same
frames more crowded; more voxels, wider frames with the same cells in them. Every stage runs as a run does, in blocks of 4
frames, one process after another, all settings at their defaults but ``memory_gb``, which is small so that the largest
frames do not fit. Times are CPU seconds of the processes with their start, so other work on the machine counts little.
``bend`` compares what the step from 4 to 16 costs with the step from 1 to 4, per unit: 1 is a straight
line; it is left out where the first step is lost in what a start costs.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import common
import numpy as np

BLOCK_FRAMES = 4
PITCH_PX = 12
RADIUS_PX = 4.5
UNSEEN = 0.02
LEAST_RISE = 0.2  # share of the first cost that a step has to add before its straightness means anything
MEMORY_GB = 0.2
FACTORS = (1, 4, 16)
PACKAGES = ("samtrack", "numpy", "zarr", "tifffile")
PICTURE = Path(__file__).parents[1] / "docs" / "growth.svg"

PER_BLOCK = ("segment", "measure", "link", "fill")
STAGES = {
    "ingest": "ingest --config {config} --sequence 01",
    "segment": "segment --config {config} --sequence 01 --block {block}",
    "measure": "measure --config {config} --sequence 01 --block {block}",
    "summarise": "measure --summarise --config {config} --sequence 01",
    "link": "link --config {config} --sequence 01 --block {block}",
    "associate": "associate --config {config} --sequence 01",
    "fill": "fill --config {config} --sequence 01 --block {block}",
    "export tracks": "export --part tracks --config {config} --sequence 01",
    "export ctc": "export --part ctc --config {config} --sequence 01",
    "validate": "validate {out}/01_RES --workers 1",
    "evaluate": "evaluate {out}/01_RES --truth {truth} --out {out}/01_scores --config {config} --workers 1",
    "report": "report --config {config} --sequence 01",
}

CHILD = """
import json, os, sys, time
from samtrack.cli.main import main
code = main(sys.argv[1:]) or 0
line = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps(dict(code=code, cpu_s=sum(os.times()[:4]), peak_mb=int(line.split()[1]) * 1024 / 1e6)))
"""


@dataclass(frozen=True)
class Movie:
    """Round cells on a loose lattice of places, each swaying about its own."""

    n_frames: int = 8
    shape: tuple[int, int, int] = (32, 192, 192)
    n_cells: int = 32

    def _places(self) -> np.ndarray:
        """Middles of the places that hold a cell (voxels), spread evenly over all there are."""
        counts = [n // PITCH_PX for n in self.shape]
        chosen = np.linspace(0, np.prod(counts), self.n_cells, endpoint=False).astype(int)
        return np.stack(np.unravel_index(chosen, counts), 1) * PITCH_PX + PITCH_PX / 2

    def frame(self, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Image and truth of a frame."""
        phase = np.random.default_rng(7).uniform(0, 2 * np.pi, (self.n_cells, 3))
        rng = np.random.default_rng([7, t])
        middle = self._places() + 1.5 * np.sin(0.5 * t + phase)
        image = rng.integers(90, 111, self.shape, dtype=np.uint16)
        truth = np.zeros(self.shape, np.uint16)
        unseen = (rng.random(self.n_cells) < UNSEEN) & (0 < t < self.n_frames - 1)
        reach = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 3, indexing="ij"), -1).reshape(-1, 3)
        whole = np.round(middle).astype(int)
        for cell in range(self.n_cells):
            at = whole[cell] + reach
            at = at[np.all((at >= 0) & (at < self.shape), axis=1)]
            far = np.linalg.norm(at - middle[cell], axis=1)
            if not unseen[cell]:
                image[tuple(at.T)] += (600 * np.exp(-((far / RADIUS_PX) ** 4))).astype(np.uint16)
            truth[tuple(at[far < RADIUS_PX].T)] = cell + 1
        return image, truth

    def write(self, folder: Path) -> None:
        """Images and truth as the challenge lays them out, a frame at a time."""
        import tifffile

        truths = folder / "01_GT" / "TRA"
        for made in (folder / "01", truths):
            made.mkdir(parents=True)
        for t in range(self.n_frames):
            image, truth = self.frame(t)
            tifffile.imwrite(folder / "01" / f"t{t:03d}.tif", image)
            tifffile.imwrite(truths / f"man_track{t:03d}.tif", truth, compression="zlib")
        lines = [f"{cell + 1} 0 {self.n_frames - 1} 0\n" for cell in range(self.n_cells)]
        (truths / "man_track.txt").write_text("".join(lines), encoding="utf-8")


def grown(way: str, by: int) -> Movie:
    """The movie with one of its three numbers multiplied."""
    one = Movie()
    if way == "frames":
        return replace(one, n_frames=one.n_frames * by)
    if way == "cells":
        return replace(one, n_cells=one.n_cells * by)
    along_y = 2 ** ((by.bit_length()) // 2)
    return replace(one, shape=(one.shape[0], one.shape[1] * along_y, one.shape[2] * (by // along_y)))


def write_config(folder: Path) -> None:
    """The configuration of a run: defaults, one worker."""
    config = {
        "out": str(folder / "out"),
        "sequences": [{"name": "01", "images": str(folder / "01"), "truth": str(folder / "01_GT")}],
        "movie": {"um_per_voxel": [1.0, 1.0, 1.0], "cell_diameter_um": 2 * RADIUS_PX},
        "segment": {"method": "seeds"},
        "fill": {"method": "shape"},
        "blocks": {"frames": BLOCK_FRAMES},
        "resources": {"memory_gb": MEMORY_GB, "workers": 1},
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")


def blocks_of(n_frames: int) -> list[str]:
    """Names of the blocks of a movie."""
    return [f"{at:05d}-{min(at + BLOCK_FRAMES, n_frames):05d}" for at in range(0, n_frames, BLOCK_FRAMES)]


def run_stage(folder: Path, words: str) -> dict[str, float]:
    """One job as a process: its CPU seconds and peak memory."""
    env = os.environ | {"OMP_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"}
    done = subprocess.run([sys.executable, "-c", CHILD, *words.split()], capture_output=True, text=True, env=env)
    lines = [line for line in done.stdout.splitlines() if line.startswith('{"code"')]
    if done.returncode or not lines or json.loads(lines[-1])["code"]:
        raise SystemExit(
            f"samtrack {words} failed (exit {done.returncode}):\n{done.stdout[-1000:]}{done.stderr[-3000:]}"
        )
    found: dict[str, float] = json.loads(lines[-1])
    return found


def on_disk(folder: Path) -> tuple[int, float]:
    """Files below a folder, and their MB."""
    sizes = [path.stat().st_size for path in folder.rglob("*") if path.is_file()]
    return len(sizes), sum(sizes) / 1e6


def run_all(way: str, by: int, where: Path | None) -> Iterator[dict[str, Any]]:
    """All stages of one movie: a row each."""
    with tempfile.TemporaryDirectory(dir=where) as name:
        folder = Path(name)
        movie = grown(way, by)
        movie.write(folder)
        write_config(folder)
        fields = {"config": folder / "config.json", "out": folder / "out", "truth": folder / "01_GT"}
        before = (0, 0.0)
        for stage, words in STAGES.items():
            blocks = blocks_of(movie.n_frames) if stage in PER_BLOCK else [""]
            jobs = [run_stage(folder, words.format(**fields, block=block)) for block in blocks]
            after = on_disk(folder / "out")
            yield {
                "way": way,
                "by": by,
                "stage": stage,
                "jobs": len(jobs),
                "cpu_s": sum(job["cpu_s"] for job in jobs),
                "peak_mb": max(job["peak_mb"] for job in jobs),
                "files": after[0] - before[0],
                "disk_mb": after[1] - before[1],
            }
            before = after
        scores = json.loads((folder / "out" / "01_scores.json").read_text(encoding="utf-8"))["values"]
        yield {"way": way, "by": by, "stage": "scores", "DET": scores["DET"], "TRA": scores["TRA"]}


def bends(rows: list[dict[str, Any]], factors: tuple[int, ...]) -> list[dict[str, Any]]:
    """One row for each stage and way of growing: costs at the ends, and how straight the line between them is."""
    found = []
    for way in ("frames", "cells", "voxels"):
        for stage in [*STAGES, "all"]:
            row: dict[str, Any] = {"way": way, "stage": stage, "bend": None}
            for key, name in (("cpu_s", "s"), ("peak_mb", "MB"), ("files", "files"), ("disk_mb", "disk MB")):
                together = max if key == "peak_mb" else sum
                of = {
                    by: together(
                        r[key] for r in rows if r["way"] == way and r["by"] == by and stage in (r["stage"], "all")
                    )
                    for by in factors
                }
                row |= {f"{name} x{by}": of[by] for by in (factors[0], factors[-1])}
                if key == "cpu_s" and len(factors) > 2:
                    low, mid, high = factors[0], factors[-2], factors[-1]
                    early = (of[mid] - of[low]) / (mid - low)
                    row["bend"] = (
                        (of[high] - of[mid]) / (high - mid) / early
                        if early * (mid - low) > LEAST_RISE * of[low]
                        else None
                    )
            found.append(row)
    return found


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Time, memory, files and disk against each of the three factors."""
    import matplotlib

    matplotlib.rcParams["svg.hashsalt"] = "samtrack"
    import matplotlib.pyplot as plt

    keys = {"cpu_s": "CPU seconds", "peak_mb": "peak MB of a job", "files": "files", "disk_mb": "MB on disk"}
    figure, axes = plt.subplots(len(keys), 3, figsize=(10, 11), sharex=True, layout="constrained")
    colours = plt.get_cmap("tab20")
    for column, way in enumerate(("frames", "cells", "voxels")):
        for line, (key, name) in enumerate(keys.items()):
            axis = axes[line, column]
            for number, stage in enumerate(STAGES):
                mine = [r for r in rows if r["way"] == way and r["stage"] == stage]
                axis.plot(
                    [r["by"] for r in mine], [r[key] for r in mine], "o-", ms=3, color=colours(number), label=stage
                )
            axis.set(ylim=(0, None), xticks=FACTORS)
            if column == 0:
                axis.set_ylabel(name)
        axes[0, column].set_title(f"{way} multiplied")
        axes[-1, column].set_xlabel("by")
    axes[0, 0].legend(fontsize=7, ncols=2)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="multiplied by 1 and 4 only; nothing is saved")
    parser.add_argument("--scratch", type=Path, help="folder for the movies (default: the system's)")
    options = parser.parse_args()
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    factors = FACTORS[:2] if options.quick else FACTORS
    rows: list[dict[str, Any]] = []
    one = list(run_all("frames", 1, options.scratch))
    for way in ("frames", "cells", "voxels"):
        rows += [row | {"way": way} for row in one]
        for by in factors[1:]:
            for row in run_all(way, by, options.scratch):
                rows.append(row)
                sys.stderr.write(f"{row}\n")
                sys.stderr.flush()
    stages = [row for row in rows if row["stage"] != "scores"]
    table = bends(stages, factors)
    sys.stdout.write(common.table(table, {key: key for key in table[0]}) + "\n")
    sys.stdout.write(
        common.table([r for r in rows if r["stage"] == "scores"], {k: k for k in ("way", "by", "DET", "TRA")})
    )
    sys.stdout.write("\n")
    if not options.quick:
        sys.stdout.write(
            f"saved {common.save('growth', {**facts, 'memory_gb': MEMORY_GB, 'rows': rows, 'bends': table})}\n"
        )
        draw(stages, PICTURE)


if __name__ == "__main__":
    main()
