"""Fit the numbers of ``samtrack.link`` on simulated movies, and say how far they can be trusted on others.

    python benchmarks/fit_link_model.py            writes src/samtrack/link/default_model.json
    python benchmarks/fit_link_model.py --check    only measures the model that lies there, on the held-out movies

The recipes are drawn at random from wide ranges (`recipe`), so that the model learns what holds for all movies rather than
for one kind. The four models are fitted one after the other, since each sees what the ones before it say. Everything is a
function of the seeds; no recorded movie is used.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import sparse
from scipy.stats import rankdata

from samtrack.config.link import LinkSettings
from samtrack.config.simulate import SimulateSettings
from samtrack.link import measure_detections, propose_links, summarise
from samtrack.link.calibrate import AdditiveModel, Curve, LinkModel
from samtrack.link.contest import CONTEST_FACTS
from samtrack.link.division import DIVISION_FACTS
from samtrack.link.features import LINK_FACTS
from samtrack.link.propose import GAP_FACTS
from samtrack.simulate import simulate_movie
from samtrack.types import ArrayFrames, Detections, Span, Typical

MODEL_FILE = Path(__file__).resolve().parents[1] / "src" / "samtrack" / "link" / "default_model.json"
TRAIN_SEEDS = range(1000, 1120)
HELD_OUT_SEEDS = range(9000, 9040)
FACTS = {"frame": LINK_FACTS, "division": DIVISION_FACTS, "contest": CONTEST_FACTS, "gap": LINK_FACTS + GAP_FACTS}
KNOTS = {"frame": 8, "division": 6, "contest": 10, "gap": 6}  # fewer where there are fewer examples
BEND_PENALTY = 3.0  # on squared second differences of a curve: smooth, but free to be steep
SIZE_PENALTY = 0.1  # on squared values: keeps unneeded curves at 0
NOTHING = AdditiveModel(0.0, ())


def recipe(seed: int) -> SimulateSettings:
    """A random movie: kind, density, size, speed, drift, frame rate, divisions, picture and mask errors, all drawn anew."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(["nuclei", "volume", "phase", "dic"], p=[0.45, 0.2, 0.2, 0.15]))
    is_3d = kind == "volume"
    shape, voxel = ((16, 112, 112), (1.5, 0.5, 0.5)) if is_3d else ((288, 288), (0.5, 0.5))
    diameter = log_uniform(rng, *{"nuclei": (5, 16), "volume": (6, 10), "phase": (6, 14), "dic": (20, 36)}[kind])
    fill = float(rng.uniform(0.05, 0.45 if not is_3d else 0.2))
    one = diameter**3 * np.pi / 6 if is_3d else diameter**2 * np.pi / 4
    count = int(np.clip(fill * np.prod(shape) * np.prod(voxel) / one, 2, 120))
    minutes = log_uniform(rng, 4, 30)
    move = log_uniform(rng, 0.02, 0.5) * diameter * 60 / minutes  # 2 % to half a diameter per frame
    drift = move * float(rng.choice([0.0, 0.3, 2.0]))
    perfect = rng.random() < 0.2
    return SimulateSettings.model_validate(
        {
            "kind": "nuclei" if is_3d else kind,
            "seed": seed,
            "frames": 10 if is_3d else 14,
            "shape_px": shape,
            "um_per_voxel": voxel,
            "minutes_per_frame": minutes,
            "cells": {
                "count": count,
                "diameter_um": diameter,
                "diameter_spread": float(rng.uniform(0.05, 0.25)),
                "brightness_spread": float(rng.uniform(0.05, 0.5)),
                "clustered": float(rng.uniform(0, 0.9)),
                "cycle_hours": log_uniform(rng, 8, 60) * minutes / 60,  # 8 to 60 frames
                "mitosis_minutes": log_uniform(rng, 1, 5) * minutes,
                "death_per_hour": log_uniform(rng, 0.0003, 0.02),
                "may_leave": drift > 0 or bool(rng.random() < 0.6),
            },
            "motion": {
                "speed_um_per_hour": move,
                "persistence_minutes": log_uniform(rng, 0.5, 8) * minutes,
                "flow_um_per_hour": move * float(rng.choice([0.0, 0.3, 1.0, 3.0])),
                "drift_um_per_hour": drift,
                "jitter_um": float(rng.choice([0.0, 0.02, 0.3], p=[0.4, 0.4, 0.2])) * diameter,
            },
            "imaging": {"debris": int(rng.integers(0, 6))},
            "masks": {
                "missed": 0.0 if perfect else log_uniform(rng, 0.003, 0.12),
                "merged": 0.0 if perfect else log_uniform(rng, 0.003, 0.15),
                "split": 0.0 if perfect else log_uniform(rng, 0.001, 0.03),
                "spurious": 0.0 if perfect else log_uniform(rng, 0.002, 0.06),
                "boundary_um": 0.0 if perfect else log_uniform(rng, 0.005, 0.06) * diameter,
            },
        }
    )


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


@dataclass(frozen=True)
class Movie:
    """A simulated movie as the linker gets it, and the true track of each detection (0: of no cell)."""

    labels: ArrayFrames
    detections: Detections
    typical: Typical
    track_of: np.ndarray
    tracks: np.ndarray


def make_movie(settings: SimulateSettings) -> Movie:
    """Masks with errors, measured; every seventh movie without its images."""
    simulated = simulate_movie(settings)
    frames = [simulated.frame(t) for t in range(simulated.n_frames)]
    labels = ArrayFrames([f.masks.astype(np.uint32) for f in frames], simulated.scale)
    with_image = settings.seed % 7 != 0
    table = Detections.concatenate(
        [measure_detections(f.masks, t, simulated.scale, f.image if with_image else None) for t, f in enumerate(frames)]
    )
    track_of = np.zeros(len(table), dtype=np.int64)
    for t, f in enumerate(frames):
        mask, track = majority_tracks(f.masks, f.truth)
        track_of[table.rows_of(np.full(len(mask), t), mask)] = track
    return Movie(labels, table, summarise(table), track_of, simulated.tracks)


def majority_tracks(masks: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mask labels and the true track that covers more than half of each: at most one mask, the largest part, per track."""
    both = (masks > 0) & (truth > 0)
    pairs, shared = np.unique(np.stack([masks[both], truth[both]]).astype(np.int64), axis=1, return_counts=True)
    size = np.bincount(masks.reshape(-1))
    good = shared * 2 > size[pairs[0]]
    mask, track, shared = pairs[0][good], pairs[1][good], shared[good]
    order = np.lexsort((-shared, track))
    first = np.unique(track[order], return_index=True)[1]
    return mask[order][first], track[order][first]


@dataclass(frozen=True)
class Examples:
    """Facts of proposals (columns as in ``FACTS[model]``), whether each is true, and the probability given to it."""

    facts: np.ndarray
    is_true: np.ndarray
    score: np.ndarray


def examples_of(movie: Movie, model: LinkModel) -> dict[str, Examples]:
    """All that the linker proposes for a movie, by model; the contest's score is the one of links to the next frame."""
    settings = LinkSettings(min_probability=0.0)
    span = Span(0, movie.labels.n_frames)
    links, splits = propose_links(None, movie.labels, movie.detections, span, movie.typical, settings, model)
    columns = {name: links.features[:, i] for i, name in enumerate(links.feature_names)}
    is_gap = columns["gap"] > 0
    truth = true_links(movie, links.source, links.target)
    found = {"division": Examples(splits.features, true_divisions(movie, splits), splits.score)}
    for name, rows in (("frame", ~is_gap), ("contest", ~is_gap), ("gap", is_gap)):
        facts = np.stack([columns[fact][rows] for fact in FACTS[name]], axis=1)
        score = 1 / (1 + np.exp(-columns["evidence"][rows])) if name == "frame" else links.score[rows]
        found[name] = Examples(facts, truth[rows], score)
    return found


def true_links(movie: Movie, source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Whether the target is the next detection of the source's track, or the first one of its child."""
    frame, track = movie.detections.frame, movie.track_of
    order = np.lexsort((frame, track))
    follows = np.full(len(track), -1)
    same = track[order][1:] == track[order][:-1]
    follows[order[:-1][same]] = order[1:][same]
    parent = np.zeros(max(movie.tracks[:, 0].max(initial=0), track.max(initial=0)) + 1, dtype=np.int64)
    parent[movie.tracks[:, 0]] = movie.tracks[:, 3]
    is_last, is_first = follows < 0, np.ones(len(track), dtype=bool)
    is_first[follows[follows >= 0]] = False
    known = (track[source] > 0) & (track[target] > 0)
    born = (parent[track[target]] == track[source]) & is_last[source] & is_first[target]
    return known & ((follows[source] == target) | born)


def true_divisions(movie: Movie, splits) -> np.ndarray:
    """Whether both daughters are children of the mother's track, at their first and her last frame."""
    a = true_links(movie, splits.mother, splits.daughter_a)
    b = true_links(movie, splits.mother, splits.daughter_b)
    track = movie.track_of
    return (
        a & b & (track[splits.daughter_a] != track[splits.mother]) & (track[splits.daughter_b] != track[splits.mother])
    )


def fit_additive(name: str, examples: Examples) -> AdditiveModel:
    """The additive model of most likely curves under the two penalties, by Newton's method."""
    knots = [fact_knots(examples.facts[:, i], KNOTS[name]) for i in range(len(FACTS[name]))]
    hats = sparse.hstack(
        [hat_basis(examples.facts[:, i], k) for i, k in enumerate(knots)] + [np.ones((len(examples.facts), 1))]
    )
    hats = sparse.csr_array(hats)
    penalty = curve_penalty(knots)
    y = examples.is_true.astype(np.float64)
    weight = np.zeros(hats.shape[1])
    for _ in range(40):
        p = 1 / (1 + np.exp(-(hats @ weight)))
        slope = hats.T @ (y - p) - penalty @ weight
        bend = (hats.T @ (hats * (p * (1 - p))[:, None])).toarray() + penalty
        step = np.linalg.solve(bend, slope)
        step *= min(1.0, 3.0 / np.abs(step).max())  # a bounded step cannot overshoot
        weight += step
        if np.abs(step).max() < 1e-6:
            break
    return as_curves(name, knots, weight, examples.facts)


def fact_knots(fact: np.ndarray, most: int) -> np.ndarray:
    """Knots of a curve: quantiles of the fact, rounded; few distinct values are all knots."""
    known = fact[np.isfinite(fact)].astype(np.float64)
    if len(known) == 0:
        return np.zeros(1)
    quantiles = np.concatenate([[0.005], np.linspace(0, 1, most)[1:-1], [0.995]])
    return np.unique(np.round(np.quantile(known, quantiles), 3))


def hat_basis(fact: np.ndarray, knots: np.ndarray) -> sparse.csr_array:
    """One column per knot: linear interpolation weights; a row of zeros where the fact is not known."""
    n, known = len(fact), np.isfinite(fact)
    x = np.clip(np.where(known, fact, knots[0]).astype(np.float64), knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, max(len(knots) - 2, 0))
    right = np.minimum(left + 1, len(knots) - 1)
    width = np.where(right > left, knots[right] - knots[left], 1.0)
    share = np.where(right > left, (x - knots[left]) / width, 0.0)
    row = np.arange(n)
    values = np.concatenate([(1 - share) * known, share * known])
    return sparse.csr_array((values, (np.tile(row, 2), np.concatenate([left, right]))), shape=(n, len(knots)))


def curve_penalty(knots: list[np.ndarray]) -> np.ndarray:
    """The quadratic penalty of all curves' values; the constant, the last one, is free."""
    parts = []
    for k in knots:
        bends = np.diff(np.eye(len(k)), n=2, axis=0) if len(k) > 2 else np.zeros((0, len(k)))
        parts.append(BEND_PENALTY * bends.T @ bends + SIZE_PENALTY * np.eye(len(k)))
    return sparse.block_diag([*parts, np.zeros((1, 1))]).toarray()


def as_curves(name: str, knots: list[np.ndarray], weight: np.ndarray, facts: np.ndarray) -> AdditiveModel:
    """Fitted values as curves whose mean over the examples is 0, so that "not known" counts as the mean."""
    curves, start, constant = [], 0, float(weight[-1])
    for i, (fact, k) in enumerate(zip(FACTS[name], knots, strict=True)):
        values = weight[start : start + len(k)]
        start += len(k)
        known = facts[np.isfinite(facts[:, i]), i]
        mean = float(np.interp(known, k, values).mean()) if len(known) else 0.0
        constant += mean
        numbers = tuple(float(v) for v in np.round(values - mean, 4))
        curves.append(Curve(fact, tuple(float(v) for v in k), numbers, round(-mean, 4)))
    return AdditiveModel(round(constant, 4), tuple(curves))


def reliability(examples: Examples) -> dict[str, object]:
    """How good probabilities are: log loss, area under the ROC curve, expected calibration error, and the bins behind it."""
    p, y = np.clip(examples.score, 1e-6, 1 - 1e-6), examples.is_true
    which = np.minimum((p * 10).astype(int), 9)
    count = np.bincount(which, minlength=10)
    said = np.bincount(which, weights=p, minlength=10) / np.maximum(count, 1)
    seen = np.bincount(which, weights=y, minlength=10) / np.maximum(count, 1)
    positives = int(y.sum())
    auc = (rankdata(p)[y].sum() - positives * (positives + 1) / 2) / max(positives * (len(y) - positives), 1)
    return {
        "proposals": len(y),
        "true": positives,
        "log_loss": round(float(-np.mean(np.where(y, np.log(p), np.log(1 - p)))), 5),
        "auc": round(float(auc), 5),
        "expected_calibration_error": round(float((count * np.abs(said - seen)).sum() / max(len(y), 1)), 5),
        "bins": [[int(c), round(float(a), 3), round(float(b), 3)] for c, a, b in zip(count, said, seen, strict=True)],
    }


def gather(movies: list[Movie], model: LinkModel) -> dict[str, Examples]:
    """The examples of all movies together."""
    parts = [examples_of(movie, model) for movie in movies]
    return {
        name: Examples(*(np.concatenate([getattr(p[name], f) for p in parts]) for f in ("facts", "is_true", "score")))
        for name in FACTS
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="measure the model on disk instead of fitting a new one")
    parser.add_argument("--out", type=Path, default=MODEL_FILE, help="the model's file")
    args = parser.parse_args()
    start = time.perf_counter()
    model = LinkModel(NOTHING, NOTHING, NOTHING, NOTHING)
    if args.check:
        model = LinkModel.from_plain(json.loads(args.out.read_text(encoding="utf-8")))
    else:
        train = [make_movie(recipe(seed)) for seed in TRAIN_SEEDS]
        print(
            f"{len(train)} movies, {sum(len(m.detections) for m in train)} detections, {time.perf_counter() - start:.0f} s"
        )
        for name in FACTS:
            examples = gather(train, model)[name]
            model = replace(model, **{name: fit_additive(name, examples)})
            print(
                f"{name}: {len(examples.is_true)} proposals, {examples.is_true.sum()} true, {time.perf_counter() - start:.0f} s"
            )
    held_out = gather([make_movie(recipe(seed)) for seed in HELD_OUT_SEEDS], model)
    report = {name: reliability(examples) for name, examples in held_out.items()}
    for name, numbers in report.items():
        print(name, {k: v for k, v in numbers.items() if k != "bins"}, *numbers["bins"], sep="\n  ")
    if not args.check:
        write_model(args.out, model, report)


def write_model(path: Path, model: LinkModel, report: dict[str, dict[str, object]]) -> None:
    """The model as JSON, with where it comes from."""
    plain = {
        "about": "Additive models of samtrack.link: log odds by fact. Written by benchmarks/fit_link_model.py; do not edit.",
        "data": "Simulated movies only: the recipes of benchmarks/fit_link_model.py, drawn by seed.",
        "train_seeds": [TRAIN_SEEDS.start, TRAIN_SEEDS.stop],
        "held_out_seeds": [HELD_OUT_SEEDS.start, HELD_OUT_SEEDS.stop],
        "held_out": report,
        "models": {name: getattr(model, name).to_plain() for name in FACTS},
    }
    text = json.dumps(plain, indent=1)
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
