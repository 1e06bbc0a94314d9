"""How fast are cells carried from frame to frame by SAM 2, against the seed's way, and in how much memory?

    python benchmarks/bench_sam2.py              everything: about 20 minutes
    python benchmarks/bench_sam2.py --quick      the two small networks, few cells; nothing is saved
    make bench-sam2

The network is the same for both ways (random weights: speed only), one thread each, in one process. The seed's way
(`seed_way.py`) is linear in cells, so a few are measured. Ours encodes both frames of the pair; a movie encodes each
frame once, so there the first column of the parts halves.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import numpy as np
import sam2_networks as networks
import seed_way
import torch

CELLS = (1, 10, 100, 400)
WINDOWS_PX = (128, 256, 512, 1024)
TILES_PX = (256, 512, 1024)
MEMORY_CELLS = (1, 100, 1000)
PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16}
PACKAGES = ("samtrack", "torch", "transformers", "numpy")
PICTURE = Path(__file__).parents[1] / "docs" / "sam2_speed.png"


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """CPU seconds of a call (one thread, so a busy machine matters little), and what it returned."""
    start = time.process_time()
    value = work()
    return time.process_time() - start, value


def seed_seconds(name: str, n_cells: int) -> dict[str, float]:
    """Seconds per cell and part of the seed's way."""
    network, clock = networks.build(name), seed_way.Clock()
    before, after, labels = networks.planes_of(100)
    for label in np.unique(labels)[1 : n_cells + 1]:
        seed_way.carry_one(network, (before, after), labels == label, clock)
    return {part: seconds / n_cells for part, seconds in clock.seconds.items()}


def our_seconds(engine: Any, n_cells: int, pictures: Any = None) -> dict[str, float]:
    """Seconds of a pair of frames, by part; ``pictures``: both, encoded, and the seconds that took."""
    labels = networks.planes_of(n_cells)[2]
    encode, (first, second) = encoded(engine) if pictures is None else pictures
    start = time.process_time()
    label, centre = networks.centres_of(labels)
    corner = engine.corners(first, centre)
    remember, memory = timed(lambda: engine.remember(first, labels, label, corner))
    carry, _ = timed(lambda: engine.carry([(1, memory)], second, corner))
    total = encode + time.process_time() - start
    parts = {"encode": encode, "remember": remember, "carry": carry}
    return {**parts, "rest": total - sum(parts.values()), "total": total}


def encoded(engine: Any) -> tuple[float, list[Any]]:
    """CPU seconds to encode both planes of a pair, and their pictures."""
    planes = networks.planes_of(100)[:2]
    lattice = engine.lattice(planes[0].shape, (networks.CELL_PX, networks.CELL_PX))
    return timed(lambda: [engine.look(plane, lattice) for plane in planes])


def speed(names: list[str], cells: tuple[int, ...], seed_cells: int) -> list[dict[str, Any]]:
    """Seconds of both ways for every network, precision and number of cells."""
    rows: list[dict[str, Any]] = []
    for name in names:
        seed = seed_seconds(name, seed_cells)
        per_cell = sum(seed.values())
        parts = {f"{part}_s": seconds for part, seconds in seed.items()}
        rows.append({"network": name, "way": "seed", "cells": 1, "per_s": 1 / per_cell, "total_s": per_cell, **parts})
        for word, dtype in PRECISIONS.items():
            engine = networks.engine(networks.build(name), name, dtype=dtype)
            pictures = encoded(engine)  # equally large planes, whatever the number of cells
            our_seconds(engine, 1, pictures)
            for n_cells in cells:
                ours = our_seconds(engine, n_cells, pictures)
                total = ours["total"]
                row = {f"{part}_s": seconds for part, seconds in ours.items()}
                row |= {"per_s": n_cells / total, "ratio": n_cells * per_cell / total}
                rows.append({"network": name, "way": word, "cells": n_cells, **row})
                _say(f"{name} {word} {n_cells} cells: {row['ratio']:.0f} x the seed's way")
    return rows


def windows(name: str, sides: tuple[int, ...], n_cells: int = 8) -> list[dict[str, Any]]:
    """What the window costs per cell, and how far its logits are from those of attention over the whole picture.

    Random weights: this says what a window costs and that numbers differ, not what it does to accuracy.
    """
    network = networks.build(name)
    before, after, labels = networks.planes_of(100)
    label, centre = networks.centres_of(labels)
    label, centre = label[40 : 40 + n_cells], centre[40 : 40 + n_cells]
    engine = networks.engine(network, name)
    lattice = engine.lattice(before.shape, (networks.CELL_PX, networks.CELL_PX))
    first, second = engine.look(before, lattice), engine.look(after, lattice)
    rows, whole = [], None
    for side in sorted(sides, reverse=True):
        engine = networks.engine(network, name, window_px=side)
        corner = engine.corners(first, centre)
        remember, memory = timed(lambda e=engine, c=corner: e.remember(first, labels, label, c))
        carry, seen = timed(lambda e=engine, m=memory, c=corner: e.carry([(1, m)], second, c))
        inside = _on_cells(seen, labels, label)
        whole = inside if whole is None else whole
        off = np.sqrt(np.mean((inside - whole) ** 2) / np.mean(whole**2))
        row = {"window_px": side, "remember_ms": 1e3 * remember / n_cells, "carry_ms": 1e3 * carry / n_cells}
        rows.append({"network": name, **row, "off": float(off)})
        _say(f"window {side}: {row}")
    return rows


def _on_cells(carried: Any, labels: Any, label: Any) -> Any:
    """Logits at the samples that lie on each cell (of the first plane), one after the other."""
    from samtrack.models.sam2.windows import cut

    side = carried.logits.shape[1] // 4
    under = cut(labels, carried.lattice, carried.corner, side, 4)
    return np.concatenate([seen[u == k] for seen, u, k in zip(carried.logits, under, label, strict=True)])


def tiles(name: str, sides: tuple[int, ...]) -> list[dict[str, Any]]:
    """Seconds to encode a plane, by tile and precision."""
    plane = networks.planes_of(100)[0]
    rows = []
    for word, dtype in PRECISIONS.items():
        network = networks.build(name)
        for side in sides:
            engine = networks.engine(network, name, dtype=dtype, tile_px=side)
            lattice = engine.lattice(plane.shape, (networks.CELL_PX, networks.CELL_PX))
            seconds, _ = timed(lambda e=engine, on=lattice: e.look(plane, on))
            rows.append({"network": name, "way": word, "tile_px": side, "seconds": seconds})
    return rows


def carry_in_memory(name: str, n_cells: int, memory_gb: float) -> None:
    """A pair of frames in a fresh process; the network is built in it, too."""
    torch.set_num_threads(1)
    our_seconds(networks.engine(networks.build(name), name, memory_gb, dtype=torch.bfloat16), n_cells)


def prepare_memory(name: str, n_cells: int, memory_gb: float) -> None:
    """The libraries, so that they count as there before."""
    import scipy.ndimage
    import scipy.spatial
    import transformers

    _ = (scipy.ndimage, scipy.spatial, transformers.Sam2VideoModel, name, n_cells, memory_gb)


def memory(names: list[str], cells: tuple[int, ...], budgets_gb: tuple[float, ...]) -> list[dict[str, Any]]:
    """Peak memory of processes that link so many cells per frame."""
    rows = []
    for name in names:
        for n_cells in cells:
            for gb in budgets_gb:
                found = common.measured("bench_sam2", "carry_in_memory", (name, n_cells, gb), "prepare_memory")
                row = {"network": name, "cells": n_cells, "memory_gb": gb, "peak_mb": found["peak_mb"]}
                rows.append(
                    {**row, "libraries_mb": found["before_mb"], "added_mb": found["peak_mb"] - found["before_mb"]}
                )
                _say(str(rows[-1]))
    return rows


COLOURS = {"encode": "#4c72b0", "prompt": "#c44e52", "remember": "#dd8452", "carry": "#55a868", "rest": "#8c8c8c"}


def draw(rows: list[dict[str, Any]], path: Path) -> None:
    """Cells per second (above) and where the time goes (below), one column per network."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = list(dict.fromkeys(row["network"] for row in rows))
    figure, panels = pyplot.subplots(
        2, len(names), figsize=(3.8 * len(names), 6), layout="constrained", squeeze=False, sharey="row"
    )
    for (above, below), name in zip(panels.T, names, strict=True):
        of = {way: [r for r in rows if r["network"] == name and r["way"] == way] for way in ("seed", *PRECISIONS)}
        for way, style in zip(PRECISIONS, ("o-", "s--"), strict=True):
            above.loglog([r["cells"] for r in of[way]], [r["per_s"] for r in of[way]], style, label=f"samtrack, {way}")
        above.axhline(of["seed"][0]["per_s"], color="#c44e52", label="the seed's way")
        above.set(title=name, xlabel="cells per frame")
        counts = [r["cells"] for r in of["float32"]]
        above.set_xticks(counts, [str(n) for n in counts])
        above.minorticks_off()
        shown = [*of["seed"], *of["bfloat16"]]
        foot = np.zeros(len(shown))
        for part, colour in COLOURS.items():
            share = np.array([max(row.get(f"{part}_s", 0.0), 0.0) / row["total_s"] for row in shown])
            below.bar(range(len(shown)), share, bottom=foot, color=colour, label=part)
            foot += share
        words = [f"{'seed' if row['way'] == 'seed' else row['cells']}\n{_per_cell(row)}" for row in shown]
        below.set_xticks(range(len(shown)), words, fontsize=8)
        below.set(xlabel="cells per frame (bfloat16), time per cell")
    panels[0, 0].set(ylabel="cells per second, one thread")
    panels[1, 0].set(ylabel="share of the time")
    panels[0, 0].legend(fontsize=8)
    panels[1, -1].legend(fontsize=8, loc="upper left", bbox_to_anchor=(1.0, 1.0))
    figure.savefig(path, dpi=110)


def _per_cell(row: dict[str, Any]) -> str:
    """Time per cell, in the unit that reads best."""
    seconds = row["total_s"] / row["cells"]
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1e3 * seconds:.0f} ms"


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


COLUMNS = {
    "speed": {
        "network": "network",
        "way": "way",
        "cells": "cells",
        "per_s": "cells/s",
        "ratio": "x seed",
        "total_s": "s",
        "encode_s": "encode s",
        "prompt_s": "prompt s",
        "remember_s": "remember s",
        "carry_s": "carry s",
        "rest_s": "rest s",
    },
    "windows": {
        "network": "network",
        "window_px": "window px",
        "remember_ms": "remember ms/cell",
        "carry_ms": "carry ms/cell",
        "off": "off whole",
    },
    "tiles": {"network": "network", "way": "way", "tile_px": "tile px", "seconds": "s per plane"},
    "memory": {
        "network": "network",
        "cells": "cells",
        "memory_gb": "given GB",
        "libraries_mb": "libraries MB",
        "added_mb": "added MB",
        "peak_mb": "peak MB",
    },
}


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="less than two minutes; nothing is saved")
    parser.add_argument("--only", choices=COLUMNS, action="append", help="only some of the tables")
    parser.add_argument("--network", choices=networks.SIZES, action="append", help="only some of the networks")
    options = parser.parse_args()
    torch.set_num_threads(1)
    names = options.network or list(networks.SIZES)[: 2 if options.quick else 3]
    quick = options.quick
    work = {
        "speed": lambda: speed(names, CELLS[:3] if quick else CELLS, 1 if quick else 2),
        "windows": lambda: windows("hiera-tiny", WINDOWS_PX[: 2 if quick else None], 2 if quick else 4),
        "tiles": lambda: tiles("hiera-tiny", TILES_PX[2 if quick else 0 :]),
        "memory": lambda: memory(names[:1], (100,), (2.0,)) if quick else memory(names[:2], MEMORY_CELLS, (1.0, 4.0)),
    }
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    tables = {name: work[name]() for name in options.only or COLUMNS}
    for name, rows in tables.items():
        sys.stdout.write(f"\n{name}\n{common.table(rows, COLUMNS[name])}\n")
    if not options.quick:
        part = "-".join(["sam2", *(options.only or []), *(options.network or [])])
        common.save(part, {**facts, "threads": 1, **tables})
        if part == "sam2":
            draw(tables["speed"], PICTURE)


if __name__ == "__main__":
    main()
