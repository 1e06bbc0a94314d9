"""Do measure, link and associate grow linearly with the number of detections?

    python benchmarks/bench_scale.py            10^4, 10^5 and 10^6 detections (about 15 minutes)
    python benchmarks/bench_scale.py --huge     6.4 million as well, so 10^7 links (half an hour, 8 GB of memory)
    python benchmarks/bench_scale.py --quick    10^4 and 10^5

A made-up 2D movie of 100 frames at constant density, drawn frame by frame when it is read: cells drift together, jitter,
divide once at most, and 2 % of the masks are missing. Each stage is a process; its CPU seconds count, drawing not.
``link`` runs in blocks of 25 frames, as the pipeline runs it. ``links right`` is the share of true links between
frame neighbours that the tracks hold.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from dataclasses import fields
from pathlib import Path

import common
import numpy as np

N_FRAMES = 100
BLOCK_FRAMES = 25
CELL = (16, 28)  # pixels of the image per place; a place holds one cell, later its two daughters
RADIUS_PX = 5.0
JITTER_PX = 2.0  # standard deviation of the unforeseeable part of the motion
MISSING = 0.02
KEPT_FRAMES = 5  # more than a block looks ahead, so that each frame is drawn once for it
PACKAGES = ("samtrack", "numpy", "scipy", "scikit-image")


class Movie:
    """Label frames that are drawn when they are read, and the true cell behind each label."""

    def __init__(self, n_detections: int) -> None:
        from samtrack.types import Scale

        # half of the places divide within the movie, on average half way: 1.25 cells per place and frame
        self.side = max(2, round((n_detections / N_FRAMES / 1.25 / (1 - MISSING)) ** 0.5))
        self.n_places = self.side**2
        self.shape = (self.side * CELL[0] + 40, self.side * CELL[1] + 40)
        self.scale = Scale((1.0, 1.0))
        self.n_frames, self.dtype = N_FRAMES, np.dtype(np.uint32)
        self.drawing_s = 0.0
        self.drawn: dict[int, np.ndarray] = {}
        rng = np.random.default_rng(0)
        self.divides = rng.integers(1, 2 * N_FRAMES, self.n_places)
        self.wave = rng.uniform(0, 2 * np.pi, (self.n_places, 4, 2))

    def cells(self, frame: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Who is seen in a frame (3 * place, or + 1 and + 2 for its daughters), where, how large; in order of label."""
        place = np.arange(self.n_places)
        middle = np.stack([place // self.side, place % self.side], 1) * np.array(CELL) + 20 + np.array(CELL) / 2
        middle = middle + 6 * np.array([np.sin(frame / 9), np.cos(frame / 7)])  # the stage drifts
        # a sum of slow and fast swings: smooth paths, about 2 px from frame to frame
        speed = np.array([0.07, 0.19, 0.6, 1.1])[:, None]
        middle += (np.array([2.5, 2, 1.2, 0.8])[:, None] * np.sin(speed * frame + self.wave)).sum(1)
        age = frame - self.divides
        apart = np.where(age < 0, 0, np.minimum(3.8 + 0.8 * age, 7.0))
        daughter = RADIUS_PX * np.minimum(0.72 + 0.02 * age, 0.9)  # half the mother's area at first
        side = np.zeros((self.n_places, 2))
        side[:, 1] = apart
        whole, split = age < 0, age >= 0
        cell = np.concatenate([3 * place[whole], 3 * place[split] + 1, 3 * place[split] + 2])
        centre = np.concatenate([middle[whole], (middle - side)[split], (middle + side)[split]])
        radius = np.concatenate([np.full(whole.sum(), RADIUS_PX), daughter[split], daughter[split]])
        rng = np.random.default_rng([1, frame])
        centre += rng.normal(0, JITTER_PX, centre.shape)
        order = rng.permutation(len(cell))[: round(len(cell) * (1 - MISSING))]
        return cell[order], centre[order], radius[order]

    def read(self, frame: int, box: object = None) -> np.ndarray:
        """Discs of one frame, or of a part of it; the last frames that were drawn are kept."""
        if frame not in self.drawn:
            self.drawn = {**dict(list(self.drawn.items())[1 - KEPT_FRAMES :]), frame: self._draw(frame)}
        labels = self.drawn[frame]
        return labels if box is None else labels[box.slices]

    def _draw(self, frame: int) -> np.ndarray:
        start = time.process_time()
        _, centre, radius = self.cells(frame)
        reach = np.arange(-6, 7)
        offset = np.stack(np.meshgrid(reach, reach, indexing="ij"), -1).reshape(-1, 2)
        labels = np.zeros(self.shape, np.uint32)
        whole = np.round(centre).astype(int)
        for at in offset:
            inside = ((whole + at - centre) ** 2).sum(1) <= radius**2
            y, x = (whole[inside] + at).T
            labels[y, x] = np.flatnonzero(inside) + 1
        self.drawing_s += time.process_time() - start
        return labels


def imports(n_detections: int, folder: str) -> None:
    """What the stages need, so that none pays for it."""
    import samtrack.associate
    import samtrack.link  # noqa: F401


# The stages, each run in a process of its own: (detections wanted, folder) -> numbers


def measure(n_detections: int, folder: str) -> dict:
    """All frames to one table."""
    from samtrack.link import measure_detections
    from samtrack.types import Detections

    movie = Movie(n_detections)
    parts = [measure_detections(movie.read(t), t, movie.scale) for t in range(N_FRAMES)]
    detections = Detections.concatenate(parts)
    save_table(folder, "detections", detections)
    return {"drawing_s": movie.drawing_s, "detections": len(detections)}


def link(n_detections: int, folder: str) -> dict:
    """Proposals of all blocks."""
    from samtrack.blocks import frames_read_by, plan_blocks
    from samtrack.config.link import LinkSettings
    from samtrack.link import propose_links, summarise
    from samtrack.types import MERGE_ROLES, Detections, Divisions, Links, Merges

    movie, settings = Movie(n_detections), LinkSettings()
    detections = load_table(folder, "detections", Detections)
    typical = summarise(detections)
    links, divisions, merges = [], [], []
    for block in plan_blocks(N_FRAMES, BLOCK_FRAMES):
        read = frames_read_by(block.core, N_FRAMES, settings.max_gap_frames)["link"]
        first, stop = np.searchsorted(detections.frame, [read.start, read.stop])
        part = detections.take(np.arange(first, stop))
        found = propose_links(None, movie, part, block.core, typical, settings)
        links.append(moved(found[0], first, ("source", "target")))
        divisions.append(moved(found[1], first, ("mother", "daughter_a", "daughter_b")))
        merges.append(moved(found[2], first, MERGE_ROLES))
    all_links, all_divisions = joined(Links, links), joined(Divisions, divisions)
    save_table(folder, "merges", joined(Merges, merges))
    save_table(folder, "links", all_links)
    save_table(folder, "divisions", all_divisions)
    return {"drawing_s": movie.drawing_s, "links": len(all_links), "divisions": len(all_divisions)}


def associate(n_detections: int, folder: str) -> dict:
    """Tracks, and how many of the true links they hold."""
    from samtrack.config import build_config
    from samtrack.link import summarise
    from samtrack.link.calibrate import load_default_model
    from samtrack.stages.decide import decide
    from samtrack.types import Detections, Divisions, Links, Merges

    start = time.process_time()
    detections = load_table(folder, "detections", Detections)
    links, divisions = load_table(folder, "links", Links), load_table(folder, "divisions", Divisions)
    merges = load_table(folder, "merges", Merges)
    config = build_config({"dataset": "scale", "out": folder, "sequences": [{"name": "01", "images": folder}]})
    typical = summarise(detections)
    loading_s = time.process_time() - start
    decision = decide(detections, (links, divisions, merges), typical, config, load_default_model())
    solution = decision.solution
    solved_s = time.process_time() - start - loading_s
    right = links_right(Movie(n_detections), detections, solution.tracks)
    others_s = time.process_time() - start - solved_s
    return {"drawing_s": others_s, "tracks": len(solution.tracks), "links_right": right, **solution.facts}


def links_right(movie: Movie, detections: object, tracks: object) -> float:
    """Share of the true links between frame neighbours that the tracks hold, divisions included."""
    good = total = 0
    before = None
    rows = np.searchsorted(detections.frame, np.arange(N_FRAMES + 1))
    for frame in range(N_FRAMES):
        cell = movie.cells(frame)[0]
        here = slice(rows[frame], rows[frame + 1])
        track = np.zeros(3 * movie.n_places, int)
        track[cell[detections.label[here] - 1]] = tracks.track_of[here]
        parent = np.r_[0, tracks.parent][track]
        if before is not None:
            place = 3 * np.repeat(np.arange(movie.n_places), 3)
            for past in (before, before[place]):  # itself, or (for daughters) the mother of the place
                known = (past > 0) & (track > 0)
                if past is not before:
                    known &= np.arange(len(track)) % 3 > 0
                total += np.count_nonzero(known)
                good += np.count_nonzero(known & ((track == past) | (parent == past)))
        before = track
    return good / max(total, 1)


def moved(table: object, by: int, columns: tuple[str, ...]) -> object:
    """A table of proposals whose row numbers begin ``by`` later."""
    values = {f.name: getattr(table, f.name) for f in fields(table)}
    values |= {"features": np.zeros((len(table), 0)), "feature_names": ()}  # associate does not use them
    return type(table)(**values | {name: values[name] + by for name in columns})


def joined(kind: type, tables: list) -> object:
    """Tables of all blocks as one."""
    names = [f.name for f in fields(kind) if f.name != "feature_names"]
    return kind(**{k: np.concatenate([getattr(t, k) for t in tables]) for k in names})


def save_table(folder: str, name: str, table: object) -> None:
    """The columns of a table as an .npz file."""
    columns = {f.name: getattr(table, f.name) for f in fields(table) if f.name != "feature_names"}
    np.savez(Path(folder) / f"{name}.npz", **columns)


def load_table(folder: str, name: str, kind: type) -> object:
    """What ``save_table`` wrote."""
    with np.load(Path(folder) / f"{name}.npz") as stored:
        return kind(**{key: stored[key] for key in stored.files})


def run(size: int, folder: str) -> list[dict]:
    """One row per stage for a size."""
    rows = []
    for stage in ("measure", "link", "associate"):
        result = common.measured("bench_scale", stage, (size, folder), prepare="imports")
        facts = result.pop("value")
        seconds = result["cpu_seconds"] - facts.pop("drawing_s")
        rows.append({"size": size, "stage": stage, "stage_s": seconds, "peak_mb": result["peak_mb"], "facts": facts})
        rows[-1]["us_per_detection"] = seconds / rows[0]["facts"]["detections"] * 1e6
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="10^4 and 10^5 detections only")
    parser.add_argument("--huge", action="store_true", help="6.4 million detections as well, which make 10^7 links")
    parser.add_argument("--size", type=int, action="append", help="detections, in place of all these")
    options = parser.parse_args()
    facts = {"machine": common.machine(), "versions": common.versions(*PACKAGES), "commit": common.commit()}
    rows = []
    for size in options.size or (
        (10**4, 10**5) if options.quick else (10**4, 10**5, 10**6, *[6_400_000] * options.huge)
    ):
        with tempfile.TemporaryDirectory() as folder:
            rows += run(size, folder)
    columns = {"size": "detections", "stage": "stage", "stage_s": "s", "us_per_detection": "µs each", "peak_mb": "MB"}
    print(common.table(rows, columns))
    name = "scale_quick" if options.quick or options.size else "scale"
    print("saved", common.save(name, {**facts, "rows": rows}))


if __name__ == "__main__":
    main()
