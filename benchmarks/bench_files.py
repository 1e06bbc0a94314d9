"""What do the files for other programs take? Seconds, bytes and memory for each format, made of a table of cells.

    python benchmarks/bench_files.py            a million cells in 3D, median of 3 (about 3 minutes)
    python benchmarks/bench_files.py --quick    50 000 cells, one run each; nothing is saved
    python benchmarks/bench_files.py --cells 10000000 --repeats 1

Cells move at random through 500 frames, tracks last 25 frames, every second one divides. Every measurement is a fresh
process; imports are not counted. CSV and Parquet are written by another stage, from columns that it holds anyway; they
stand here for comparison, read from Parquet first.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from functools import partial
from pathlib import Path

import common
import numpy as np

PACKAGES = ("samtrack", "pyarrow", "zarr", "numcodecs", "numpy")
FRAMES, LENGTH = 500, 25
WAYS = ("csv", "parquet", "geff", "trackmate")
SHAPE = (64, 2048, 2048)


def make_tables(folder: Path, cells: int) -> None:
    """The final table, and the links that were chosen."""
    from samtrack.io.tables import write_table

    rng = np.random.default_rng(0)
    n = cells // LENGTH
    track = np.repeat(np.arange(1, n + 1), LENGTH)
    first = np.sort(rng.integers(0, FRAMES // LENGTH, n)) * LENGTH  # a daughter begins where a mother ends
    frame = np.repeat(first, LENGTH) + np.tile(np.arange(LENGTH), n)
    parent = parents(first, rng)
    place = np.repeat(rng.random((n, 3)) * SHAPE, LENGTH, axis=0) + rng.normal(0, 2, (n * LENGTH, 3))
    label = np.where(rng.random(n * LENGTH) < 0.98, track, 0)
    label[::LENGTH] = label[LENGTH - 1 :: LENGTH] = np.arange(1, n + 1)
    table = {"track_id": track, "t": frame} | {a: place[:, i] for i, a in enumerate("zyx")}
    table |= {"parent_track_id": np.repeat(parent, LENGTH)}
    table |= {f"{a}_um": place[:, i] * (2.0, 0.4, 0.4)[i] for i, a in enumerate("zyx")}
    table |= {"size_um": rng.gamma(9.0, 30.0, len(track)), "label": label, "origin": np.where(label > 0, 1, 8)}
    table |= {"in_field": np.ones(len(track), bool), "ctc_label": track}
    write_table(folder / "table.parquet", table)

    row = np.flatnonzero(label > 0)
    same = np.diff(track[row]) == 0
    pairs = {"source": row[:-1][same], "target": row[1:][same]}
    write_said(folder / "links.parquet", pairs, frame, label, rng)
    born = np.flatnonzero(parent > 0)[::2]  # daughters stand beside each other
    ends = {"mother": parent[born] * LENGTH - 1, "daughter_a": born * LENGTH, "daughter_b": (born + 1) * LENGTH}
    write_said(folder / "divisions.parquet", ends, frame, label, rng)
    none = np.zeros(0, dtype=np.int64)
    roles = ("before_a", "before_b", "shared", "after_a", "after_b")
    write_said(folder / "merges.parquet", dict.fromkeys(roles, none), frame, label, rng)


def parents(first: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Of each track: half of those that end where others begin are mothers of two of them."""
    parent = np.zeros(len(first), dtype=np.int64)
    for turn in range(1, FRAMES // LENGTH):
        before, here = (np.flatnonzero(first == t * LENGTH) for t in (turn - 1, turn))
        mothers = rng.permutation(before)[: min(len(before), len(here)) // 2]
        parent[here[: 2 * len(mothers)]] = np.repeat(mothers + 1, 2)
    return parent


def write_said(
    path: Path, roles: dict[str, np.ndarray], frame: np.ndarray, label: np.ndarray, rng: np.random.Generator
) -> None:
    from samtrack.io.tables import write_table

    columns = {}
    for role, rows in roles.items():
        columns |= {f"{role}_frame": frame[rows], f"{role}_label": label[rows]}
    n = len(rows)
    write_table(path, columns | {"score": rng.beta(8, 1, n), "chosen": np.ones(n, dtype=bool)})


# The ways, each run in a process of its own: (folder, out) -> number of cells


def imports(folder: str, out: str) -> None:
    """Import what the ways need."""
    import pyarrow.compute
    import pyarrow.csv  # noqa: F401

    import samtrack.stages.export_files  # noqa: F401


def csv(folder: str, out: str) -> int:
    """The table as CSV."""
    from samtrack.io.tables import read_table, write_table

    table = read_table(Path(folder) / "table.parquet")
    write_table(Path(out), table, csv=True)
    return len(table["t"])


def parquet(folder: str, out: str) -> int:
    """The table as Parquet."""
    from samtrack.io.tables import read_table, write_table

    table = read_table(Path(folder) / "table.parquet")
    write_table(Path(out), table)
    return len(table["t"])


def geff(folder: str, out: str) -> int:
    """The graph as GEFF."""
    from samtrack.io.decided import read_column
    from samtrack.io.geff import write_geff
    from samtrack.stages.export_files import read_graph

    graph = read_graph(Path(folder) / "table.parquet", Path(folder))
    column = partial(read_column, Path(folder) / "table.parquet")
    write_geff(Path(out), graph, column, filmed(), {"labels": "labels", "image": "image"})
    return len(graph)


def trackmate(folder: str, out: str) -> int:
    """The graph as XML for TrackMate."""
    from samtrack.io.decided import read_column
    from samtrack.io.trackmate import write_trackmate
    from samtrack.stages.export_files import read_graph

    graph = read_graph(Path(folder) / "table.parquet", Path(folder))
    write_trackmate(Path(out), graph, partial(read_column, Path(folder) / "table.parquet"), filmed(), Path("images"))
    return len(graph)


def filmed() -> object:
    from samtrack.types import Filmed, Scale

    return Filmed("bench 01", FRAMES, SHAPE, Scale((2.0, 0.4, 0.4), 5.0))


def run(folder: Path, cells: int, repeats: int) -> list[dict[str, object]]:
    """All formats; one row each."""
    make_tables(folder, cells)
    runs: dict[str, list[dict]] = {way: [] for way in WAYS}
    rows = []
    for _ in range(repeats):
        for way in WAYS:
            runs[way].append(common.measured("bench_files", way, [str(folder), str(folder / f"out_{way}")], "imports"))
    for way in WAYS:
        out = folder / f"out_{way}"
        files = [p for p in out.rglob("*") if p.is_file()] if out.is_dir() else [out]
        n = runs[way][0]["value"]
        size = sum(p.stat().st_size for p in files)
        rows.append(
            {
                "format": way,
                "cells": n,
                "seconds": common.median(runs[way], "seconds"),
                "cpu_seconds": common.median(runs[way], "cpu_seconds"),
                "mb": size / 1e6,
                "bytes_per_cell": size / n,
                "files": len(files),
                "peak_mb": common.median(runs[way], "peak_mb"),
                "bytes_of_memory_per_cell": (
                    common.median(runs[way], "peak_mb") - common.median(runs[way], "before_mb")
                )
                * 1e6
                / n,
            }
        )
    return rows


COLUMNS = {
    "format": "format",
    "cells": "cells",
    "seconds": "seconds",
    "cpu_seconds": "CPU s",
    "mb": "MB",
    "bytes_per_cell": "bytes/cell",
    "files": "files",
    "peak_mb": "peak MB",
    "bytes_of_memory_per_cell": "bytes of memory/cell",
}


def main() -> None:
    """Run, print, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="50 000 cells, one run each; nothing is saved")
    parser.add_argument("--cells", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where to put the files (3 GB; default: the temporary folder)")
    options = parser.parse_args()
    cells, repeats = (50_000, 1) if options.quick else (options.cells, options.repeats)
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        rows = run(Path(folder), cells, repeats)
    sys.stdout.write(common.table(rows, COLUMNS) + "\n")
    if not options.quick:
        common.save("files" if cells == 1_000_000 else f"files_{cells}", {**facts, "repeats": repeats, "rows": rows})


if __name__ == "__main__":
    main()
