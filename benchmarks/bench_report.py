"""How large is the report page, how long does it take to make, and how soon is it there in a browser?

    python benchmarks/bench_report.py            10^3, 10^4 and 10^5 tracks (about 10 minutes)
    python benchmarks/bench_report.py --quick    10^3 and 10^4

A made-up 2D movie of 100 frames: each place of a grid holds a lineage of 15 tracks that divides three times; cells are discs
that wander a little. Frames are drawn when they are read; drawing them is part of the time. ``tables`` are the bytes of
what the page is made from, in memory, without pictures. The browser is Chromium without a window, its page 1280 x 900;
``load`` is until the movie's first frame, the lineages and the list are drawn, ``show all`` is a click that brings all
lineages into view, ``find`` is the search for a track.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

import common
import numpy as np

ROOT = Path(__file__).parents[1]
N_FRAMES = 100
GENERATIONS = 4
TRACKS = 2**GENERATIONS - 1  # of a lineage
SPAN = N_FRAMES // GENERATIONS  # frames of a track
CELL_PX = 24  # of a place for one leaf; a lineage has 2 x 4 of them
RADIUS_PX = 7
PACKAGES = ("samtrack", "numpy", "pandas", "matplotlib", "pillow")
COLUMNS = {
    "tracks": "tracks",
    "detections": "cells in all frames",
    "make_s": "made in s",
    "make_cpu_s": "CPU s",
    "peak_mb": "peak memory in MB",
    "before_mb": "of it tables and packages",
    "page_mb": "page in MB",
    "load_s": "load in s",
    "show_all_s": "show all in s",
    "find_s": "find in s",
    "heap_mb": "browser's memory in MB",
}


class Movie:
    """Frames that are drawn when they are read: discs at the places of the cells, as images or as labels."""

    def __init__(self, data: tuple[np.ndarray, ...], side: int, is_image: bool) -> None:
        from samtrack.types import Scale

        self.frame, self.track, self.at = data
        self.shape = (side, side)
        self.scale, self.n_frames, self.is_image = Scale((0.5, 0.5), 10.0), N_FRAMES, is_image
        self.dtype = np.dtype(np.uint16 if is_image else np.uint32)

    def read(self, frame: int, box: object = None) -> np.ndarray:
        """One frame, or a box of it; only what lies in the box is drawn."""
        start, stop = (0, 0) if box is None else box.start, self.shape if box is None else box.stop
        size = tuple(int(b - a) for a, b in zip(start, stop, strict=True))
        picture = np.zeros(size, self.dtype)
        if self.is_image:
            picture[:] = np.random.default_rng(frame).integers(90, 130, size)
        rows = slice(*np.searchsorted(self.frame, [frame, frame + 1]))
        middle = np.round(self.at[rows]).astype(int) - np.array(start)
        near = ((middle >= -RADIUS_PX) & (middle < np.array(size) + RADIUS_PX)).all(axis=1)
        middle, track = middle[near], self.track[rows][near]
        reach = np.arange(-RADIUS_PX, RADIUS_PX + 1)
        for y in reach:
            for x in reach[reach**2 + y**2 <= RADIUS_PX**2]:
                where = middle + np.array([y, x])
                inside = ((where >= 0) & (where < np.array(size))).all(axis=1)
                picture[tuple(where[inside].T)] = 400 if self.is_image else track[inside]
        return picture


def cells(n_tracks: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    """Frame, track and place of each cell; parent and first frame of each track; side of a frame."""
    n = max(1, round(n_tracks / TRACKS))
    columns = int(np.ceil(np.sqrt(n * 2)))
    generation = np.repeat(np.arange(GENERATIONS), 2 ** np.arange(GENERATIONS))
    number = np.arange(n * TRACKS).reshape(n, TRACKS)
    # tracks are numbered by their first frame
    order = np.argsort(np.tile(generation, n), kind="stable")
    named = np.empty(n * TRACKS, dtype=np.int64)
    named[order] = np.arange(1, n * TRACKS + 1)
    up = np.r_[0, (np.arange(1, TRACKS) + 1) // 2 - 1]
    parent = np.where(generation[None] > 0, named[number[:, up]], 0)
    leaf = np.arange(TRACKS) - (2**generation - 1)
    share = (leaf + 0.5) / 2**generation * 2 ** (GENERATIONS - 1)
    y = (np.arange(n) // columns)[:, None] * 2 * CELL_PX + CELL_PX + np.zeros((1, TRACKS))
    x = (np.arange(n) % columns)[:, None] * (TRACKS // 2 + 1) // 2 * CELL_PX * 2 + share[None] * CELL_PX
    side = int(max(y.max(), x.max()) + 2 * CELL_PX)
    rng = np.random.default_rng(0)
    frame = (generation[None, :, None] * SPAN + np.arange(SPAN)[None, None]) + np.zeros((n, 1, 1), dtype=int)
    track = np.broadcast_to(named.reshape(n, TRACKS)[..., None], frame.shape)
    at = np.stack([np.broadcast_to(v[..., None], frame.shape) for v in (y, x)], -1) + rng.normal(
        0, 1.5, (*frame.shape, 2)
    )
    frame, track, at = frame.ravel(), track.ravel(), at.reshape(-1, 2)
    order = np.lexsort((track, frame))
    parents = np.zeros(n * TRACKS, dtype=np.int64)
    parents[named - 1] = parent.ravel()
    first = np.zeros(n * TRACKS, dtype=np.int64)
    first[named - 1] = np.tile(generation * SPAN, n)
    return frame[order], track[order], at[order], parents, first, side


DATA: dict[str, object] = {}
"""What `prepare` leaves for `make`: not part of the measured time."""


def prepare(n_tracks: int, out: str) -> None:
    """The result that a page is made from."""
    from samtrack.config.report import ReportSettings
    from samtrack.report import ReportData
    from samtrack.report.tables import find_steps
    from samtrack.types import Detections, Divisions, Links, Tracks

    frame, track, at, parent, first, side = cells(n_tracks)
    n, ones = len(frame), np.ones(len(frame))
    plain = dict.fromkeys(("intensity", "intensity_sd", "elongation", "spread", "neighbour_um", "border_um"), ones)
    size = np.full(n, np.pi * (RADIUS_PX * 0.5) ** 2)
    box = np.zeros((n, 2), dtype=np.int64)
    detections = Detections(frame, track, at * 0.5, size, box_start=box, box_stop=box + 1, origin=ones * 0, **plain)
    tracks = Tracks(track, np.arange(1, len(parent) + 1), first, first + SPAN - 1, parent)
    steps = find_steps(detections, tracks)
    rng = np.random.default_rng(1)
    link = ~steps.is_division
    score = 1 - rng.beta(0.3, 12, np.count_nonzero(link))
    links = Links(steps.source[link], steps.target[link], score, np.zeros(len(score)), np.zeros((len(score), 0)))
    born = np.flatnonzero(steps.is_division)
    order = born[np.argsort(steps.source[born], kind="stable")]
    pairs = steps.target[order].reshape(-1, 2)
    divisions = Divisions(
        steps.source[order[::2]], pairs[:, 0], pairs[:, 1], 1 - rng.beta(0.5, 5, len(pairs)), np.zeros((len(pairs), 0))
    )
    DATA["data"] = ReportData(
        dataset="made",
        sequence="01",
        images=Movie((frame, track, at), side, is_image=True),
        labels=Movie((frame, track, at), side, is_image=False),
        detections=detections,
        tracks=tracks,
        filled=np.zeros((0, 2), dtype=np.int64),
        links=links,
        link_chosen=np.ones(len(links), dtype=bool),
        divisions=divisions,
        division_chosen=np.ones(len(divisions), dtype=bool),
        scores=None,
        violations=[],
        settings={},
        versions={},
        timings=None,
        report=ReportSettings(),
    )


def make(n_tracks: int, out: str) -> dict:
    """The page, written to a file."""
    from samtrack.report import draw_page

    data = DATA["data"]
    page = draw_page(data)
    Path(out).write_text(page, encoding="utf-8")
    return {"tracks": len(data.tracks), "detections": len(data.detections)}


def browse(page: Path, n_tracks: int) -> dict[str, float]:
    """What it is like in a browser; nothing where there is none."""
    sys.path.insert(0, str(ROOT))
    from tests.report.browser import Browser, find_browser

    command = find_browser()
    if command is None:
        print("no browser here (tests/report/install.sh): load times are left out")
        return {}
    browser = Browser(command)
    try:
        loads = [browser.open(page) for _ in range(3)]
        assert browser.complaints == [], browser.complaints
        start = time.perf_counter()
        drawn = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
        browser.run(f"document.querySelector('.fit').click(), {drawn}")
        show_all = time.perf_counter() - start
        start = time.perf_counter()
        browser.type(".wanted-tree", str(n_tracks // 2))
        browser.wait(f"document.querySelector('.chosen').innerText.includes('Track {n_tracks // 2}')")
        find = time.perf_counter() - start
        heap = browser.run("performance.memory.usedJSHeapSize") / 1e6
        return {"load_s": float(np.median(loads)), "show_all_s": show_all, "find_s": find, "heap_mb": heap}
    finally:
        browser.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="up to 10^4 tracks")
    args = parser.parse_args()
    facts, rows = common.machine(), []
    with tempfile.TemporaryDirectory() as folder:
        for n_tracks in (1000, 10_000) if args.quick else (1000, 10_000, 100_000):
            page = Path(folder) / f"{n_tracks}.html"
            run = common.measured("bench_report", "make", [n_tracks, str(page)], prepare="prepare")
            row = {
                **run["value"],
                "make_s": run["seconds"],
                "make_cpu_s": run["cpu_seconds"],
                "peak_mb": run["peak_mb"],
                "before_mb": run["before_mb"],
            }
            rows.append({**row, "page_mb": page.stat().st_size / 1e6, **browse(page, row["tracks"])})
    print(common.table(rows, COLUMNS))
    if not args.quick:
        content = {"machine": facts, "commit": common.commit(), "versions": common.versions(*PACKAGES), "rows": rows}
        print("written:", common.save("report", content))


if __name__ == "__main__":
    main()
