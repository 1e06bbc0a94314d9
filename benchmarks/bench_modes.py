"""A movie in 3D through every mode: masks linked, missing masks generated, everything drawn from seeds.

    python benchmarks/bench_modes.py --data DIR                    CE-semisynthetic below DIR
    python benchmarks/bench_modes.py --data DIR --weights FOLDER   another SAM-Med3D network
    make bench-modes DATA=DIR

DIR holds datasets as the Cell Tracking Challenge lays them out, with full masks in ``01_GT/SEG``. `link` gets all masks with
their labels shuffled in each frame, `link_and_generate` all but a tenth of them (seeded), `track` one point per cell and
frame, off the middle as a detector's would be; missing masks are also left out, and interpolated, and points found. The
three modes are run once by motion and masks alone and once with what SAM 2 says of links (`link.sam2`). All measures of
`samtrack evaluate` are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import common
import numpy as np

DATASETS = {"CE-semisynthetic": ("[3.0,1.0,1.0]", 1.0)}
"""Datasets: voxels in units of the finest side, minutes per frame."""

SHARE = 0.1
"""Share of the masks that `link_and_generate` is not given."""

OFF_SHARE = 0.15
"""Standard deviation of a seed's distance from the middle of its cell along each axis, in cell diameters: about what
blob detectors reach."""

MEASURES = ("SEG", "DET", "TRA", "LNK", "CT", "TF", "BC(0)", "BC(1)", "CCA", "BIO", "CHOTA")
FILLS = ("none", "shape", "prompts3d")
MODES = ("link", "link_and_generate, fill prompts3d", "track")
"""What is run with SAM 2's evidence, too: minutes each on CPUs."""

PACKAGES = ("samtrack", "numpy", "scipy", "torch")


def prepare(folder: Path, out: Path, seed: int) -> dict[str, Path]:
    """Masks without identities, masks of which some are missing, and seeds."""
    import tifffile

    rng = np.random.default_rng(seed)
    made = {name: out / name for name in ("masks", "fewer", "seeds")}
    for path in made.values():
        path.mkdir(parents=True)
    for file in sorted((folder / "01_GT" / "SEG").glob("*.tif")):
        labels = tifffile.imread(file)
        values = np.unique(labels)[1:]
        table = np.zeros(int(labels.max()) + 1, dtype=np.uint16)
        table[values] = 1 + rng.permutation(len(values))
        name = file.name.removeprefix("man_seg")
        write_tiff(made["masks"] / f"mask{name}", table[labels])
        table[values[rng.random(len(values)) < SHARE]] = 0
        write_tiff(made["fewer"] / f"mask{name}", table[labels])
        write_seeds(made["seeds"] / f"t{name.removesuffix('.tif')}.csv", labels, values, rng)
    return made


def write_tiff(path: Path, labels: Any) -> None:
    import tifffile

    tifffile.imwrite(path, labels, compression="zlib")


def write_seeds(path: Path, labels: Any, values: Any, rng: np.random.Generator) -> None:
    """One point per cell, in it but off its middle."""
    from scipy import ndimage

    sizes = np.bincount(labels.ravel())[values]
    middle = np.array(ndimage.center_of_mass(labels > 0, labels, values))
    side = np.cbrt(sizes)[:, None] * np.array([1 / 3, 1, 1]) ** (2 / 3)  # a voxel is three times as long along z
    point = middle + rng.normal(0, OFF_SHARE, middle.shape) * side
    point = np.clip(np.rint(point), 0, np.array(labels.shape) - 1)
    lines = ["z,y,x", *(",".join(f"{v:g}" for v in row) for row in point)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def tracked(folder: Path, out: Path, arguments: list[str], settings: dict[str, str]) -> dict[str, float]:
    """Run the whole pipeline; its scores, and seconds."""
    command = [sys.executable, "-m", "samtrack.cli", "run", "--images", str(folder / "01"), "--out", str(out)]
    command += ["--truth", str(folder / "01_GT"), *arguments]
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)}\n{done.stdout[-3000:]}{done.stderr[-3000:]}")
    scores = json.loads((out / "01_scores.json").read_text(encoding="utf-8"))
    values = scores.get("values", scores)
    return {**{name: values[name] for name in MEASURES if name in values}, "s": time.perf_counter() - start}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=os.environ.get("DATA"), help="folder of the datasets")
    parser.add_argument("--weights", default="samtrack-tiny-3d", help="as the setting sammed3d.weights")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="without SAM 2's evidence")
    args = parser.parse_args()
    if not args.data:
        print("bench-modes needs recorded movies, which samtrack does not ship: make bench-modes DATA=DIR. Skipped.")
        return
    rows: list[dict[str, Any]] = []
    for name, (voxel, minutes) in DATASETS.items():
        folder = (Path(args.data) / name).resolve()
        with tempfile.TemporaryDirectory() as scratch:
            made = prepare(folder, Path(scratch) / "given", args.seed)
            plain = {"movie.um_per_voxel": voxel, "movie.minutes_per_frame": str(minutes), "link.sam2": "off"}
            plain["sammed3d.weights"] = args.weights
            asked: list[tuple[str, list[str], dict[str, str]]] = [
                ("link", ["--mode", "link", "--masks", str(made["masks"])], {})
            ]
            for fill in FILLS:
                given = ["--masks", str(made["fewer"])]
                chosen = {"segment.method": "given", "fill.method": fill}
                if fill == "prompts3d":
                    given, chosen = ["--mode", "link_and_generate", *given], {}
                asked.append((f"link_and_generate, fill {fill}", given, chosen))
            asked.append(("track", ["--mode", "track", "--seeds", str(made["seeds"])], {}))
            asked.append(("track, no seeds given", ["--mode", "track"], {}))
            for sam2 in ("off",) if args.quick else ("off", "on"):
                for mode, arguments, settings in asked:
                    if sam2 == "on" and mode not in MODES:
                        continue
                    out = Path(scratch) / f"run{len(rows)}"
                    found = tracked(folder, out, arguments, {**plain, **settings, "link.sam2": sam2})
                    rows.append({"dataset": name, "mode": mode, "link.sam2": sam2, **found})
                    print(rows[-1], flush=True)
    shown = [{k: f"{v:.4f}" if k in MEASURES else v for k, v in row.items()} for row in rows]
    print(common.table(shown, {key: key for key in shown[0]}))
    if not args.quick:
        content = {"machine": common.machine(), "commit": common.commit(), "versions": common.versions(*PACKAGES)}
        print("written:", common.save("modes", content | {"seed": args.seed, "share": SHARE, "rows": rows}))


if __name__ == "__main__":
    main()
