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
import re
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy import ndimage, sparse
from scipy.optimize import lsq_linear
from scipy.stats import rankdata
from skimage.segmentation import expand_labels

from samtrack.config.link import LinkSettings
from samtrack.config.simulate import SimulateSettings
from samtrack.link import measure_detections, propose_links, summarise
from samtrack.link.calibrate import AdditiveModel, Curve, LinkModel
from samtrack.link.contest import CONTEST_FACTS
from samtrack.link.division import DIVISION_FACTS
from samtrack.link.features import LINK_FACTS
from samtrack.link.merge import MERGE_FACTS
from samtrack.link.propose import GAP_FACTS
from samtrack.simulate import simulate_movie
from samtrack.types import ArrayFrames, Detections, Scale, Span, Typical

MODEL_FILE = Path(__file__).resolve().parents[1] / "src" / "samtrack" / "link" / "default_model.json"
TRAIN_SEEDS = range(1000, 1240)
HELD_OUT_SEEDS = range(9000, 9080)
FACTS = {
    "frame": LINK_FACTS,
    "division": DIVISION_FACTS,
    "contest": CONTEST_FACTS,
    "gap": LINK_FACTS + GAP_FACTS,
    "merge": MERGE_FACTS,
}
KNOTS = {"frame": 12, "division": 8, "contest": 12, "gap": 8, "merge": 8}  # fewer where there are fewer examples
KNOT_SPACING = 0.04  # knots are at least about this share of a curve's range apart
BEND_PENALTY = 3.0  # on squared second differences of a curve: smooth, but free to be steep
SIZE_PENALTY = 0.1  # on squared rises of a curve: keeps unneeded ones level
# Which way a fact must speak, whatever the simulated movies say: +1 likelier, -1 less likely with more of it.
# This is what we know of all movies; without it the models learn habits of the simulation.
LIKELIER = """iou overlap margin_of_target margin_of_source iou_lead_of_target iou_lead_of_source evidence lead_of_target
    lead_of_source division covered_less mother_brightness daughters_brightness daughters_texture evidence_more
    evidence_less over_larger mask_size covered inside_less inside_more crosswise"""
LESS_LIKELY = """distance surprise size_oddness intensity_oddness texture_oddness rank_of_target rank_of_source size_gain
    size_loss elongation_change other_division best_out best_in size_excess size_deficit size_asymmetry midpoint opposite
    reach farther daughters_size daughters_smaller brightness_asymmetry texture_asymmetry other_child other_mother_more
    other_mother_less pair_excess pair_deficit pair_midpoint pair_reach spread_oddness move size_change plain_link
    other_future other_past other_source other_target mask_divides"""
DIRECTION = {**dict.fromkeys(LIKELIER.split(), 1), **dict.fromkeys(LESS_LIKELY.split(), -1)}
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
            "frames": 6 if is_3d else 9,  # many short movies teach more than few long ones
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
    """A simulated movie as the linker gets it, the true track of each detection (0: of no cell), and both if merged."""

    labels: ArrayFrames
    detections: Detections
    typical: Typical
    track_of: np.ndarray
    held: np.ndarray
    tracks: np.ndarray


def make_movie(settings: SimulateSettings) -> Movie:
    """Masks with errors and a segmentation's habits, measured; some at half the frame rate, every seventh without images."""
    rng = np.random.default_rng([settings.seed, 1])
    simulated = simulate_movie(settings)
    times = range(0, simulated.n_frames, int(rng.choice([1, 2], p=[0.75, 0.25])))
    frames = [simulated.frame(t) for t in times]
    scale = simulated.scale
    habit = str(rng.choice(["as simulated", "wide or tight", "balls"], p=[0.35, 0.5, 0.15]))
    size = settings.cells.diameter_um * rng.uniform(-0.2, 0.2)
    masks = [f.masks for f in frames]
    if habit == "wide or tight":
        masks = [resized(m, round(size / scale.um_per_voxel[-1])) for m in masks]
    elif habit == "balls":
        masks = [balls_on(m, scale, 0.4 * settings.cells.diameter_um + size) for m in masks]
    masks = [m.astype(np.uint32) for m in masks]
    images = [None if settings.seed % 7 == 0 else f.image for f in frames]
    table = Detections.concatenate(
        [measure_detections(m, t, scale, i) for t, (m, i) in enumerate(zip(masks, images, strict=True))]
    )
    track_of, held = np.zeros(len(table), dtype=np.int64), np.zeros((len(table), 2), dtype=np.int64)
    for t, f in enumerate(frames):
        for of, (mask, track) in ((track_of, majority_tracks(f.masks, f.truth)), (held, held_tracks(f.masks, f.truth))):
            rows = table.rows_of(np.full(len(mask), t), mask)
            of[rows[rows >= 0]] = track[rows >= 0]
    return Movie(ArrayFrames(masks, scale), table, summarise(table), track_of, held, simulated.tracks)


def resized(masks: np.ndarray, rim_px: int) -> np.ndarray:
    """Masks that are all too wide (positive) or too tight by so many pixels along y and x, as segmentations are."""
    if rim_px > 0:
        planes = masks.reshape(-1, *masks.shape[-2:])
        return np.stack([expand_labels(plane, rim_px) for plane in planes]).reshape(masks.shape)
    for _ in range(-rim_px):
        inner = masks.copy()
        for axis in (-1, -2):
            for step in (1, -1):
                inner[np.roll(masks, step, axis) != masks] = 0
        masks = inner
    return masks


def balls_on(masks: np.ndarray, scale: Scale, radius_um: float) -> np.ndarray:
    """A ball of one size on each mask's centre, as from a detector that finds positions only."""
    known = np.unique(masks[masks > 0])
    if len(known) == 0:
        return masks
    centres = np.round(ndimage.center_of_mass(masks > 0, masks, known)).astype(int)
    points = np.zeros_like(masks)
    points[tuple(centres.T)] = known
    distance, nearest = ndimage.distance_transform_edt(points == 0, scale.um_per_voxel, return_indices=True)
    return np.where(distance <= radius_um, points[tuple(nearest)], 0)


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


def held_tracks(masks: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mask labels that hold more than half of exactly two true cells each, and these two tracks, (n, 2) in order."""
    both = (masks > 0) & (truth > 0)
    pairs, shared = np.unique(np.stack([masks[both], truth[both]]).astype(np.int64), axis=1, return_counts=True)
    mask, track = pairs[:, shared * 2 > np.bincount(truth.reshape(-1))[pairs[1]]]
    found, first, count = np.unique(mask, return_index=True, return_counts=True)
    first = first[count == 2]
    return found[count == 2], np.stack([track[first], track[first + 1]], axis=1)


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
    links, splits, merges = propose_links(None, movie.labels, movie.detections, span, movie.typical, settings, model)
    columns = {name: links.features[:, i] for i, name in enumerate(links.feature_names)}
    is_gap = columns["gap"] > 0
    truth = true_links(movie, links.source, links.target)
    found = {
        "division": Examples(splits.features, true_divisions(movie, splits), splits.score),
        "merge": Examples(merges.features, true_merges(movie, merges), merges.score),
    }
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


def true_merges(movie: Movie, merges) -> np.ndarray:
    """Whether the mask holds two cells, and each is named before and after it."""
    a, b = movie.track_of[merges.before_a], movie.track_of[merges.before_b]
    held = movie.held[merges.shared] == np.stack([np.minimum(a, b), np.maximum(a, b)], axis=1)
    same = (movie.track_of[merges.after_a] == a) & (movie.track_of[merges.after_b] == b)
    return held.all(axis=1) & same & (a > 0) & (b > 0)


def fit_additive(name: str, examples: Examples) -> AdditiveModel:
    """The additive model of likeliest curves that keep to `DIRECTION`, by Newton's method with bounds.

    What is fitted are the rises of the curves from knot to knot, since bounds on them are what a direction means; the sums
    over the examples use hats, of which only two per fact differ from 0.
    """
    facts, y = examples.facts, examples.is_true.astype(np.float64)
    knots = [fact_knots(facts[:, i], examples.is_true, KNOTS[name]) for i in range(facts.shape[1])]
    one = sparse.csr_array(np.ones((len(facts), 1)))
    hats = sparse.csr_array(sparse.hstack([*(hat_basis(facts[:, i], k) for i, k in enumerate(knots)), one]))
    rises = sparse.block_diag([*(rises_to_values(len(k)) for k in knots), np.ones((1, 1))]).toarray()
    low, high = rise_bounds(name, knots)
    penalty = curve_penalty(knots)
    weight = np.zeros(len(low))
    for _ in range(30):
        p = 1 / (1 + np.exp(-(hats @ (rises @ weight))))
        slope = rises.T @ (hats.T @ (y - p)) - penalty @ weight
        scaled = hats.multiply(np.maximum(p * (1 - p), 1e-6)[:, None])
        bend = rises.T @ (hats.T @ scaled).toarray() @ rises + penalty
        root = np.linalg.cholesky(bend).T
        aim = lsq_linear(root, root @ weight + np.linalg.solve(root.T, slope), (low, high), method="bvls").x
        step = aim - weight
        weight = weight + step * min(1.0, 4.0 / np.abs(step).max())  # a bounded step cannot overshoot
        if np.abs(step).max() < 1e-4:
            break
    return as_curves(name, knots, weight, facts)


def rise_bounds(name: str, knots: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest rise of each stretch of each curve; the value for "unknown" and the constant are free."""
    signs = [s for f, k in zip(FACTS[name], knots, strict=True) for s in [DIRECTION.get(f, 0)] * (len(k) - 1) + [0]]
    sign = np.array([*signs, 0])
    return np.where(sign > 0, -1e-12, -np.inf), np.where(sign < 0, 1e-12, np.inf)


def rises_to_values(n_knots: int) -> np.ndarray:
    """The matrix from a curve's rises (and its value for "unknown") to its values at the knots, the first being 0."""
    matrix = np.zeros((n_knots + 1, n_knots))
    matrix[1:n_knots, : n_knots - 1] = np.tril(np.ones((n_knots - 1, n_knots - 1)))
    matrix[n_knots, n_knots - 1] = 1.0
    return matrix


def fact_knots(fact: np.ndarray, is_true: np.ndarray, most: int) -> np.ndarray:
    """Knots of a curve: quantiles of the fact, half of them among the true proposals, which are few."""
    known = np.isfinite(fact)
    shares = np.concatenate([[0.005], np.linspace(0, 1, most // 2 + 1)[1:-1], [0.995]])
    groups = [fact[known & is_true], fact[known & ~is_true]]
    found = [np.quantile(g.astype(np.float64), shares) for g in groups if len(g)]
    knots = np.unique(np.round(np.concatenate(found), 2)) if found else np.zeros(0)
    if len(knots) < 2:
        return np.array([0.0, 1.0])
    stretch = np.floor((knots - knots[0]) / (knots[-1] - knots[0]) / KNOT_SPACING)
    return np.append(knots[:-1][np.diff(stretch, prepend=-1.0)[:-1] > 0], knots[-1])


def hat_basis(fact: np.ndarray, knots: np.ndarray) -> sparse.csr_array:
    """Weights of the knots in linear interpolation, one column each; and a column that is 1 where the fact is unknown."""
    n, known = len(fact), np.isfinite(fact)
    x = np.clip(np.where(known, fact, knots[0]).astype(np.float64), knots[0], knots[-1])
    left = np.clip(np.searchsorted(knots, x, side="right") - 1, 0, len(knots) - 2)
    share = (x - knots[left]) / (knots[left + 1] - knots[left])
    column = np.concatenate([np.where(known, left, len(knots)), left + 1])
    values = np.concatenate([np.where(known, 1 - share, 1.0), np.where(known, share, 0.0)])
    return sparse.csr_array((values, (np.tile(np.arange(n), 2), column)), shape=(n, len(knots) + 1))


def curve_penalty(knots: list[np.ndarray]) -> np.ndarray:
    """The quadratic penalty on all rises and on their changes; a trace of it on the constant, for a solvable system."""
    parts = []
    for k in knots:
        bends = np.diff(np.eye(len(k) - 1), axis=0)
        parts.append(BEND_PENALTY * bends.T @ bends + SIZE_PENALTY * np.eye(len(k) - 1))
        parts.append(np.full((1, 1), SIZE_PENALTY))
    return sparse.block_diag([*parts, np.full((1, 1), 1e-6)]).toarray()


def as_curves(name: str, knots: list[np.ndarray], weight: np.ndarray, facts: np.ndarray) -> AdditiveModel:
    """Fitted rises as curves whose mean over the examples is 0; a fact that was never unknown counts 0 when it is."""
    curves, start, constant = [], 0, float(weight[-1])
    for i, (fact, k) in enumerate(zip(FACTS[name], knots, strict=True)):
        values = np.concatenate([[0.0], np.cumsum(weight[start : start + len(k) - 1])])
        missing = float(weight[start + len(k) - 1])
        start += len(k)
        known = facts[np.isfinite(facts[:, i]), i]
        mean = float(np.interp(known, k, values).mean()) if len(known) else 0.0
        constant += mean
        missing = missing - mean if len(known) < len(facts) else 0.0
        numbers = tuple(float(v) for v in np.round(values - mean, 4))
        curves.append(Curve(fact, tuple(float(v) for v in k), numbers, round(missing, 4)))
    return AdditiveModel(round(constant, 4), tuple(curves))


def reliability(examples: Examples) -> dict[str, object]:
    """How good probabilities are: log loss, area under the ROC curve, expected calibration error, and the bins behind it."""
    p, y = np.clip(examples.score, 1e-6, 1 - 1e-6), examples.is_true
    which = np.minimum((p * 10).astype(int), 9)
    count = np.bincount(which, minlength=10)
    said = np.bincount(which, weights=p, minlength=10) / np.maximum(count, 1)
    seen = np.bincount(which, weights=y, minlength=10) / np.maximum(count, 1)
    n, n_true = len(y), int(y.sum())
    auc = (rankdata(p)[y].sum() - n_true * (n_true + 1) / 2) / max(n_true * (n - n_true), 1)
    return {
        "proposals": n,
        "true": n_true,
        "log_loss": round(float(-np.mean(np.where(y, np.log(p), np.log(1 - p)))), 5),
        "auc": round(float(auc), 5),
        "expected_calibration_error": round(float((count * np.abs(said - seen)).sum() / max(n, 1)), 5),
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
    args, start, model = parser.parse_args(), time.perf_counter(), LinkModel(*[NOTHING] * len(FACTS))
    if args.check:
        model = LinkModel.from_plain(json.loads(args.out.read_text(encoding="utf-8")))
    else:
        train = [make_movie(recipe(seed)) for seed in TRAIN_SEEDS]
        print(f"{len(train)} movies made, {time.perf_counter() - start:.0f} s")
        for name in FACTS:
            examples = gather(train, model)[name]
            model = replace(model, **{name: fit_additive(name, examples)})
            print(f"{name}: fitted to {len(examples.is_true)} examples, {time.perf_counter() - start:.0f} s")
    held_out = gather([make_movie(recipe(seed)) for seed in HELD_OUT_SEEDS], model)
    report = {name: reliability(examples) for name, examples in held_out.items()}
    print(json.dumps(report, indent=1))
    if not args.check:
        write_model(args.out, model, report)


def write_model(path: Path, model: LinkModel, report: dict[str, dict[str, object]]) -> None:
    """The model as JSON, with where it comes from."""
    plain = {
        "about": "Additive models of samtrack.link: log odds by fact. Written by benchmarks/fit_link_model.py; do not edit.",
        "data": "Simulated movies only: the recipes of benchmarks/fit_link_model.py, drawn by seed.",
        "seeds": {"train": [TRAIN_SEEDS[0], TRAIN_SEEDS[-1]], "held_out": [HELD_OUT_SEEDS[0], HELD_OUT_SEEDS[-1]]},
        "held_out": report,
        "models": {name: getattr(model, name).to_plain() for name in FACTS},
    }
    text = re.sub(
        r"\[[^\[\]{}]*\]", lambda m: " ".join(m.group().split()), json.dumps(plain, indent=1)
    )  # lists on a line
    path.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
