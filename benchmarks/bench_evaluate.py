"""Are our scores those of py-ctcmetrics, and what do time and memory cost on a large movie?

    python benchmarks/bench_evaluate.py               50 simulated movies; then 500 frames of 1000 cells
    python benchmarks/bench_evaluate.py --quick       4 movies; 20 frames of 200 cells

Equality: movies that samtrack simulates, with masks as segmenters get them wrong (merged, split, missed, invented), linked
by the largest overlap with the frame before. Every measure that both know is compared. Labels are small and dense, since
py-ctcmetrics adds labels in 16 bits, where large ones wrap and a perfect result scores less than 1.

Time and memory: discs that move, divide and end, drawn frame by frame; in the result some are missed, some links broken.
Each program measures every measure it has in a process and a thread of its own; the peak is that of the process. The
other program gets --limit minutes; one that takes longer is stopped and measured on fewer frames.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import math
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any

import common
import numpy as np

MOVIES, QUICK_MOVIES = 50, 4
LARGE, QUICK_LARGE = (500, 1000), (20, 200)
FEWER = 10
"""Where a program takes too long, the movie has so many times fewer frames."""
SLOT_PX = 32
"""Each cell of the large movie moves inside a square of its own."""
DIVIDES, MISSED, BROKEN, LATE = 0.002, 0.002, 0.001, 0.2
"""Per cell and frame: divisions, objects without a mask, tracks that begin anew; divisions without a mother, of all."""
UNABLE = ("CHOTA", "HOTA", "IDF1", "MTML", "MOTA")
"""Measures in which py-ctcmetrics fails on movies that have a frame without any true object, or without any match."""
COLUMNS = {
    **{"program": "program", "frames": "frames", "cells": "cells", "seconds": "s", "cpu_s": "CPU s"},
    **{"peak_mb": "peak, MB", "own_mb": "above imports, MB", "same": "values", "worst": "largest difference"},
}
PACKAGES = ("samtrack", "py-ctcmetrics", "numpy", "scipy", "tifffile")


def judged(folder: str, metrics: list[str] | None = None) -> dict[str, Any]:
    """py-ctcmetrics' own verdict on ``folder``/01_RES."""
    from ctc_metrics.metrics import ALL_METRICS
    from ctc_metrics.scripts.evaluate import evaluate_sequence

    chosen = [name for name in ALL_METRICS if metrics is None or name in metrics]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        values = evaluate_sequence(f"{folder}/01_RES", f"{folder}/01_GT", chosen, threads=1)
    return {name: None if value is None or math.isnan(value) else float(value) for name, value in values.items()}


def ours(folder: str) -> dict[str, Any]:
    """Our own verdict, in one thread."""
    from samtrack.config.evaluate import EvaluateSettings
    from samtrack.stages.evaluate import run_evaluate

    result, truth = Path(folder) / "01_RES", Path(folder) / "01_GT"
    return dict(run_evaluate(result, truth, None, "bench", "01", EvaluateSettings(), 1).values)


def validated(folder: str) -> int:
    """Number of rules that the result breaks, in one thread."""
    from samtrack.stages.validate import run_validate

    return len(run_validate(Path(folder) / "01_RES", workers=1))


def load_judged(*arguments: Any) -> None:
    """Import py-ctcmetrics, outside of the measured time."""
    from ctc_metrics.scripts import evaluate

    assert evaluate


def load_ours(*arguments: Any) -> None:
    """Import what evaluates."""
    from samtrack.stages import evaluate

    assert evaluate


def load_validated(*arguments: Any) -> None:
    """Import what validates."""
    from samtrack.stages import validate

    assert validate


def simulated(seed: int, folder: Path) -> Path:
    """A simulated movie with truth, and a result from masks with errors."""
    import tifffile

    from samtrack.config import build_config
    from samtrack.io.ctc import write_mask, write_result_table
    from samtrack.stages.simulate import run_simulate

    recipe = {
        "frames": 12,
        "shape_px": [128, 128],
        "seed": 1000 + seed,
        "cells": {"count": 6 + seed % 9, "cycle_hours": 4},
    }
    made = build_config({"sequences": [{"name": "01", "simulate": recipe}]}).sequences[0].simulate
    assert made is not None
    run_simulate(made, folder, "01")
    masks = [tifffile.imread(path) for path in sorted((folder / "01_ERR_SEG").glob("*.tif"))]
    images, table = linked(masks)
    (folder / "01_RES").mkdir()
    for t, image in enumerate(images):
        write_mask(folder / "01_RES" / f"mask{t:03d}.tif", image)
    write_result_table(folder / "01_RES" / "res_track.txt", table)
    return folder


def linked(masks: list[Any]) -> tuple[list[Any], Any]:
    """Each object goes on from the one of the frame before that it overlaps most; several that do are its daughters."""
    rows: list[list[int]] = []
    images, before = [], np.zeros_like(masks[0], dtype=np.int64)
    for t, mask in enumerate(masks):
        image = np.zeros(mask.shape, dtype=np.int64)
        found = {int(value): np.bincount(before[mask == value], minlength=1) for value in np.unique(mask[mask > 0])}
        best = {value: int(np.argmax(np.r_[0, count[1:]])) if count[1:].any() else 0 for value, count in found.items()}
        claims = list(best.values())
        for value, old in best.items():
            if old and claims.count(old) == 1:
                label = old
                rows[old - 1][2] = t
            else:
                rows.append([len(rows) + 1, t, t, old])
                label = len(rows)
            image[mask == value] = label
        before = image
        images.append(image.astype(np.uint16))
    return images, np.array(rows)


def compared(seed: int) -> dict[str, Any]:
    """Both verdicts on one simulated movie: how many values are the same, and the largest difference."""
    with tempfile.TemporaryDirectory() as place:
        folder = simulated(seed, Path(place))
        found = ours(str(folder))
        try:
            said, unable = judged(str(folder)), 0
        except (ValueError, IndexError, ZeroDivisionError, KeyError) as error:
            print(f"movie {seed}: py-ctcmetrics fails: {error!r}", file=sys.stderr)
            from ctc_metrics.metrics import ALL_METRICS

            said, unable = judged(str(folder), [name for name in ALL_METRICS if name not in UNABLE]), 1
    both = [name for name, value in said.items() if value is not None and found.get(name) is not None]
    off = {name: abs(float(found[name]) - said[name]) for name in both}
    worst = max(off, key=lambda name: off[name])
    lacking = sorted(
        n for n, v in said.items() if v is not None and found.get(n) is None and n not in ("BC", "BIO", "OP_CLB")
    )
    return {
        "movie": seed,
        "values": len(both),
        "worst": off[worst],
        "in": worst,
        "lacking": lacking,
        "without_identities": unable,
        **{name: found[name] for name in ("DET", "SEG", "TRA", "BC(1)", "CHOTA") if found.get(name) is not None},
    }


def large_tracks(n_frames: int, n_cells: int) -> tuple[Any, Any, Any, Any]:
    """Truth's and result's label of each cell in each frame (0: none), and their tables."""
    from samtrack.submit import cut_at_holes

    rng = np.random.default_rng(0)
    now, name = np.arange(1, n_cells + 1), np.arange(1, n_cells + 1)
    parent, parent_named = [0] * (n_cells + 1), [0] * (n_cells + 1)
    truth, result = np.zeros((2, n_frames, n_cells), dtype=np.int64)
    for t in range(n_frames):
        pairs = rng.permutation(n_cells)[: 2 * rng.binomial(n_cells, DIVIDES)].reshape(-1, 2) if t else []
        for mother, place in pairs:  # the second one's track ends, a daughter takes its place
            is_late = rng.random() < LATE
            old, old_name = int(now[mother]), int(name[mother])
            for cell in (mother, place):
                parent.append(old)
                now[cell] = len(parent) - 1
                parent_named.append(0 if is_late else old_name)
                name[cell] = len(parent_named) - 1
        for cell in np.flatnonzero(rng.random(n_cells) < BROKEN):
            parent_named.append(0)
            name[cell] = len(parent_named) - 1
        truth[t], result[t] = now, np.where(rng.random(n_cells) < MISSED, 0, name)
    tables = []
    for labels, parents in ((truth, parent), (result, parent_named)):
        frame, cell = np.nonzero(labels)
        made = cut_at_holes(labels[frame, cell], frame, np.array(parents))
        labels[frame, cell] = made.label_of
        table, last = made.table, np.r_[-1, made.table[:, 2]]
        table[last[table[:, 3]] >= table[:, 1], 3] = 0
        tables.append(table)
    return truth, result, tables[0], tables[1]


def write_large(folder: Path, n_frames: int, n_cells: int) -> dict[str, int]:
    """The large movie, drawn frame by frame; every tenth frame has a SEG truth."""
    from samtrack.io.ctc import write_mask, write_result_table

    truth, result, truth_table, result_table = large_tracks(n_frames, n_cells)
    tra, seg, res = folder / "01_GT" / "TRA", folder / "01_GT" / "SEG", folder / "01_RES"
    for place in (tra, seg, res):
        place.mkdir(parents=True)
    rng, wide = np.random.default_rng(1), math.ceil(math.sqrt(n_cells))
    place = np.full((n_cells, 2), SLOT_PX / 2)
    y, x = np.mgrid[:SLOT_PX, :SLOT_PX]
    for t in range(n_frames):
        place = np.clip(place + rng.normal(0, 1, place.shape), 12, SLOT_PX - 12)
        distance = np.hypot(y - place[:, 0, None, None], x - place[:, 1, None, None])
        drawn = [
            np.where(distance < radius, labels[t][:, None, None], 0) for labels, radius in ((truth, 9), (result, 8.5))
        ]
        images = []
        for squares in drawn:
            grid = np.zeros((wide * wide, SLOT_PX, SLOT_PX), dtype=np.uint16)
            grid[:n_cells] = squares
            image = grid.reshape(wide, wide, SLOT_PX, SLOT_PX).transpose(0, 2, 1, 3).reshape(wide * SLOT_PX, -1)
            images.append(np.ascontiguousarray(image))
        write_mask(tra / f"man_track{t:03d}.tif", images[0])
        write_mask(res / f"mask{t:03d}.tif", images[1])
        if t % 10 == 0:
            write_mask(seg / f"man_seg{t:03d}.tif", images[0])
    write_result_table(tra / "man_track.txt", truth_table)
    write_result_table(res / "res_track.txt", result_table)
    return {"truth_tracks": len(truth_table), "result_tracks": len(result_table), "side_px": wide * SLOT_PX}


def within(limit_s: float, function: str, *arguments: Any) -> dict[str, Any] | None:
    """`common.measured`, but None if it takes longer: measured by a process of its own, which is stopped."""
    here = str(Path(__file__).parent)
    code = f"import sys, json; sys.path.insert(0, {here!r}); import common; "
    code += (
        f"print(json.dumps(common.measured('bench_evaluate', {function!r}, {list(arguments)!r}, 'load_{function}')))"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, start_new_session=True)
    try:
        said, _ = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        import os
        import signal

        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None
    return dict(json.loads(said.splitlines()[-1])) if process.returncode == 0 else None


def measure_large(n_frames: int, n_cells: int, limit_s: float) -> list[dict[str, Any]]:
    """Rows of time and memory on one large movie; if both say something, the largest difference."""
    rows = []
    with tempfile.TemporaryDirectory() as place:
        facts = write_large(Path(place), n_frames, n_cells)
        about = {"frames": n_frames, "cells": n_cells, **facts}
        some = ["Valid", "DET", "SEG", "TRA", "LNK"]
        runs = [
            ("samtrack evaluate, all measures", "ours", (place,)),
            ("samtrack validate", "validated", (place,)),
            ("py-ctcmetrics, DET SEG TRA LNK", "judged", (place, some)),
            ("py-ctcmetrics, all measures", "judged", (place,)),
        ]
        values: dict[str, Any] = {}
        for name, function, arguments in runs:
            done = within(limit_s, function, *arguments)
            row = {"program": name, **about, "seconds": None, "cpu_s": None, "peak_mb": None, "own_mb": None}
            if done is not None:
                row |= {"seconds": round(done["seconds"], 1), "cpu_s": round(done["cpu_seconds"], 1)}
                row |= {"peak_mb": round(done["peak_mb"]), "own_mb": round(done["peak_mb"] - done["before_mb"])}
            if function == "ours" and done:
                values = done["value"]
            if function == "judged" and done:
                both = [k for k, v in done["value"].items() if v is not None and values.get(k) is not None]
                row |= {"same": len(both), "worst": max(abs(float(values[k]) - done["value"][k]) for k in both)}
            rows.append(row)
            print(common.table([row], COLUMNS), flush=True)
        shutil.rmtree(place, ignore_errors=True)
        Path(place).mkdir()
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few and small movies")
    parser.add_argument("--limit", type=float, default=20, metavar="MIN", help="minutes that one program may take")
    parser.add_argument("--only", choices=["equality", "large"], help="one part")
    parser.add_argument("--frames", type=int, help="frames of the large movie")
    options = parser.parse_args()
    content: dict[str, Any] = {
        "machine": common.machine(),
        "versions": common.versions(*PACKAGES),
        "commit": common.commit(),
    }
    before = common.RESULTS / "evaluate.json"
    if options.only and before.exists():
        content = json.loads(before.read_text(encoding="utf-8")) | content
    if options.only != "large":
        rows = [compared(seed) for seed in range(QUICK_MOVIES if options.quick else MOVIES)]
        content["equality"] = rows
        said = {
            "movies": len(rows),
            "values": sum(row["values"] for row in rows),
            "worst": max(r["worst"] for r in rows),
        }
        said |= {"failed": sum(r["without_identities"] for r in rows), "lacking": sum(len(r["lacking"]) for r in rows)}
        print(common.table([said], {"movies": "movies", "values": "values compared", "worst": "largest difference",
                                    "failed": "movies in which it failed", "lacking": "values only it has"}))  # fmt: skip
    if options.only != "equality":
        n_frames, n_cells = QUICK_LARGE if options.quick else LARGE
        n_frames = options.frames or n_frames
        content["large"] = measure_large(n_frames, n_cells, options.limit * 60)
        if any(row["seconds"] is None for row in content["large"]):
            content["large"] += measure_large(max(n_frames // FEWER, 2), n_cells, options.limit * 60)
        print(common.table(content["large"], COLUMNS))
    print(common.save("evaluate", content))


if __name__ == "__main__":
    main()
