"""Small random movies with truth and an erroneous result, and py-ctcmetrics as the judge."""

from __future__ import annotations

import contextlib
import io
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from ctc_metrics.metrics import ALL_METRICS
from ctc_metrics.scripts.evaluate import evaluate_sequence

from samtrack.config.evaluate import EvaluateSettings
from samtrack.evaluate import Evaluation, match_frame, score_movie
from samtrack.io.ctc import write_mask, write_result_table
from samtrack.submit import cut_at_holes

SLOT = 4
"""A truth object fills a square of 4 x 4 voxels; squares lie side by side in a row."""


@dataclass
class Case:
    """Label images and tables of a truth and of a result."""

    truth: list[np.ndarray]
    result: list[np.ndarray]
    truth_table: np.ndarray
    result_table: np.ndarray
    seg_frames: tuple[int, ...] = ()

    def score(self, settings: EvaluateSettings | None = None) -> Evaluation:
        tracking = [match_frame(t, r) for t, r in zip(self.truth, self.result, strict=True)]
        seg = [match_frame(self.truth[t], self.result[t]) for t in self.seg_frames]
        return score_movie(tracking, seg, self.truth_table, self.result_table, settings or EvaluateSettings())

    def write(self, folder: Path) -> tuple[Path, Path]:
        result, truth = folder / "01_RES", folder / "01_GT"
        for part in (result, truth / "TRA", truth / "SEG"):
            part.mkdir(parents=True, exist_ok=True)
        for t, (a, b) in enumerate(zip(self.truth, self.result, strict=True)):
            write_mask(truth / "TRA" / f"man_track{t:03d}.tif", a.astype(np.uint16))
            write_mask(result / f"mask{t:03d}.tif", b.astype(np.uint16))
            if t in self.seg_frames:
                write_mask(truth / "SEG" / f"man_seg{t:03d}.tif", a.astype(np.uint16))
        write_result_table(truth / "TRA" / "man_track.txt", self.truth_table)
        write_result_table(result / "res_track.txt", self.result_table)
        return result, truth


def random_case(seed: int, n_frames: int = 9, n_slots: int = 8) -> Case:
    """Cells that divide and end, and a result that misses, invents, merges, swaps, cuts and divides too late."""
    rng = np.random.default_rng(seed)
    slots, truth_parent = _random_lineages(rng, n_frames, n_slots)
    truth = [_drawn(slots[t], np.zeros(n_slots, dtype=int)) for t in range(n_frames)]
    names, parent = _misnamed(rng, slots, truth_parent)
    shapes = rng.choice(4, size=slots.shape, p=[0.8, 0.08, 0.06, 0.06])  # whole, a third, merged, absent
    result = [_drawn(np.where(shapes[t] == 3, 0, names[t]), shapes[t]) for t in range(n_frames)]
    truth, truth_table = _tabled(truth, truth_parent, rng)
    result, result_table = _tabled(result, parent, rng)
    return Case(
        truth, result, truth_table, result_table, tuple(sorted(rng.choice(n_frames, 3, replace=False).tolist()))
    )


def _random_lineages(rng, n_frames, n_slots):
    """Track in each slot (0: none), and the parent of each track."""
    slots = np.zeros((n_frames, n_slots), dtype=int)
    parent = [0]
    for t in range(n_frames):
        for s in range(n_slots):
            before = slots[t - 1, s] if t else 0
            fate = rng.random()
            if before and slots[t, s] == 0 and fate < 0.8:
                slots[t, s] = before
            elif before and slots[t, s] == 0 and fate < 0.93 and s + 1 < n_slots and slots[t, s + 1] == 0:
                if t and slots[t - 1, s + 1] == 0:
                    slots[t, s], slots[t, s + 1] = len(parent), len(parent) + 1
                    parent += [before, before]
            elif slots[t, s] == 0 and not before and fate < 0.3:
                slots[t, s] = len(parent)
                parent.append(0)
    return slots, np.array(parent)


def _misnamed(rng, slots, truth_parent):
    """Names that the result gives, with parents: new names at random, and divisions that are seen too late."""
    names = np.zeros_like(slots)
    name_of: dict[int, int] = {}
    parent = [0]
    for t, row in enumerate(slots):
        for s, track in enumerate(row):
            if track == 0:
                continue
            mother = name_of.get(int(truth_parent[track]), 0)
            if track not in name_of and mother and rng.random() < 0.3 and mother not in names[t]:
                name_of[track] = mother  # goes on as its mother
            elif track not in name_of or rng.random() < 0.06:
                old = name_of.get(track, mother)
                name_of[track] = len(parent)
                parent.append(old if rng.random() < 0.8 else 0)
            names[t, s] = name_of[track]
    return names, np.array(parent)


def _drawn(row, shape):
    image = np.zeros((SLOT + 1, SLOT * len(row)), dtype=np.int64)  # py-ctcmetrics needs background in every frame
    for s, label in enumerate(row):
        if label:
            height = 1 if shape[s] == 1 else SLOT
            width = SLOT * 2 if shape[s] == 2 else SLOT
            image[:height, s * SLOT : s * SLOT + width] = label
    return image


def _tabled(images, parent, rng):
    """The images relabelled without holes and with gaps between labels, and their table."""
    present = [np.unique(image[image > 0]) for image in images]
    frame = np.repeat(np.arange(len(images)), [len(p) for p in present])
    track = np.concatenate(present)
    made = cut_at_holes(track, frame, parent)
    table = made.table.copy()
    last = np.r_[-1, table[:, 2]]
    table[last[table[:, 3]] >= table[:, 1], 3] = 0
    sparse = np.r_[0, np.cumsum(rng.integers(1, 4, size=len(table)))]
    table[:, 0], table[:, 3] = sparse[table[:, 0]], sparse[table[:, 3]]
    new = []
    for t, image in enumerate(images):
        here = frame == t
        lut = np.zeros(len(parent) + 1, dtype=np.int64)
        lut[track[here]] = sparse[made.label_of[here]]
        new.append(lut[image])
    return new, table


def judge(result: Path, truth: Path, *without: str) -> dict[str, float | int | None]:
    """py-ctcmetrics' own verdict."""
    metrics = [metric for metric in ALL_METRICS if metric not in without]
    with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return evaluate_sequence(str(result), str(truth), metrics, threads=1)


@pytest.fixture
def case():
    """The maker of random cases."""
    return random_case


@pytest.fixture
def make_case():
    """The maker of cases from label images and tables."""
    return Case


@pytest.fixture
def judged():
    """py-ctcmetrics on two folders."""
    return judge
