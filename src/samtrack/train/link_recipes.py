"""Random movies to learn from: recipes drawn from wide ranges, and the habits of segmentations that made their masks.

Wide on purpose, so that a model learns what holds for all movies rather than for one kind. Everything is a function of the
seed; no recorded movie is used.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage
from skimage.segmentation import expand_labels

from samtrack.config.simulate import SimulateSettings
from samtrack.link import measure_detections, summarise
from samtrack.simulate import simulate_movie
from samtrack.train.link_examples import Ints, Movie
from samtrack.types import ArrayFrames, Detections, Scale

Labels = npt.NDArray[np.integer]


def recipe(seed: int) -> SimulateSettings:
    """A random movie: kind, density, size, speed, drift, frame rate, divisions, picture and mask errors, all drawn anew."""
    rng = np.random.default_rng(seed)
    kind = str(rng.choice(["nuclei", "volume", "phase", "dic"], p=[0.35, 0.3, 0.2, 0.15]))
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
            "frames": 12 if is_3d else 14,  # many short movies teach more than few long ones
            "shape_px": shape,
            "um_per_voxel": voxel,
            "minutes_per_frame": minutes,
            "cells": {
                "count": count,
                "diameter_um": diameter,
                "diameter_spread": float(rng.uniform(0.05, 0.25)),
                "brightness_spread": float(rng.uniform(0.05, 0.5)),
                "clustered": float(rng.uniform(0, 0.9)),
                "cycle_hours": log_uniform(rng, 8, 150) * minutes / 60,  # 8 to 150 frames
                "mitosis_minutes": log_uniform(rng, 1, 5) * minutes,
                "mitotic_rounding": float(rng.choice([0.0, rng.uniform(0, 1), 1.0])),
                "mitotic_swelling": float(rng.choice([0.0, rng.uniform(0, 0.5)])),
                "daughters_apart": log_uniform(rng, 0.5, 1.6),
                "daughters_apart_spread": float(rng.uniform(0, 0.3)),
                "daughters_size": log_uniform(rng, 0.75, 1.7),
                "daughters_asymmetry": float(rng.uniform(0.02, 0.1)),
                "daughters_turn": float(rng.uniform(0, 0.8)),
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
                "missed": 0.0 if perfect else log_uniform(rng, 0.0005, 0.12),
                "merged": 0.0 if perfect else log_uniform(rng, 0.001, 0.15),
                "split": 0.0 if perfect else log_uniform(rng, 0.001, 0.03),
                "spurious": 0.0 if perfect else log_uniform(rng, 0.002, 0.06),
                "boundary_um": 0.0 if perfect else log_uniform(rng, 0.005, 0.06) * diameter,
            },
        }
    )


def log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    """A number between two bounds whose logarithm is uniform."""
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def make_movie(settings: SimulateSettings) -> Movie:
    """Masks with errors and a segmentation's habits, measured; some slower, every seventh without images."""
    rng = np.random.default_rng([settings.seed, 1])
    simulated = simulate_movie(settings)
    times = range(0, simulated.n_frames, int(rng.choice([1, 2, 3], p=[0.7, 0.2, 0.1])))
    frames = [simulated.frame(t) for t in times]
    scale = simulated.scale
    habit = str(rng.choice(["as simulated", "wide or tight", "balls"], p=[0.3, 0.45, 0.25]))
    size = settings.cells.diameter_um * rng.uniform(-0.2, 0.2)
    masks = [f.masks for f in frames]
    if habit == "wide or tight":
        masks = [resized(m, round(size / scale.um_per_voxel[-1])) for m in masks]
    elif habit == "balls" and rng.random() < 0.5:
        masks = [balls_on(m, scale, 0.4 * settings.cells.diameter_um + size) for m in masks]
    elif habit == "balls":
        masks = [balls_in(f.masks, f.truth, scale, 0.4 * settings.cells.diameter_um + size) for f in frames]
    masks = [m.astype(np.uint32) for m in masks]
    images = None if settings.seed % 7 == 0 else [f.image for f in frames]
    table = Detections.concatenate(
        [measure_detections(m, t, scale, images[t] if images else None) for t, m in enumerate(masks)]
    )
    track_of, held = np.zeros(len(table), dtype=np.int64), np.zeros((len(table), 2), dtype=np.int64)
    for t, f in enumerate(frames):
        for of, (mask, track) in ((track_of, majority_tracks(f.masks, f.truth)), (held, held_tracks(f.masks, f.truth))):
            rows = table.rows_of(np.full(len(mask), t), mask)
            of[rows[rows >= 0]] = track[rows >= 0]
    shown = ArrayFrames(images, scale) if images else None
    return Movie(ArrayFrames(masks, scale), table, summarise(table), track_of, held, simulated.tracks, images=shown)


def resized(masks: Labels, rim_px: int) -> Labels:
    """Masks that are all too wide (positive) or too tight by so many pixels along y and x, as segmentations are."""
    if rim_px > 0:
        planes = masks.reshape(-1, *masks.shape[-2:])
        wide = [expand_labels(plane, rim_px) for plane in planes]  # type: ignore[no-untyped-call]
        return np.stack(wide).reshape(masks.shape)
    for _ in range(-rim_px):
        inner = masks.copy()
        for axis in (-1, -2):
            for step in (1, -1):
                inner[np.roll(masks, step, axis) != masks] = 0
        masks = inner
    return masks


def balls_on(masks: Labels, scale: Scale, radius_um: float) -> Labels:
    """A ball of one size on each mask's centre, as from a detector that finds positions only."""
    known = np.unique(masks[masks > 0])
    if len(known) == 0:
        return masks
    centres = np.round(ndimage.center_of_mass(masks > 0, masks, known)).astype(int)
    points = np.zeros_like(masks)
    points[tuple(centres.T)] = known
    distance, nearest = ndimage.distance_transform_edt(points == 0, scale.um_per_voxel, return_indices=True)
    return np.where(distance <= radius_um, points[tuple(nearest)], 0)


def balls_in(masks: Labels, truth: Labels, scale: Scale, radius_um: float) -> Labels:
    """A ball on each true cell that a mask covers, under that mask's label: one that holds two cells becomes two balls."""
    mask, track = _covering(masks, truth)
    label_of = np.zeros(int(truth.max()) + 1, dtype=masks.dtype)
    label_of[track] = mask
    return label_of[balls_on(truth, scale, radius_um)]


def _covering(masks: Labels, truth: Labels) -> tuple[Ints, Ints]:
    """Masks and the true tracks of which they cover more than half."""
    both = (masks > 0) & (truth > 0)
    pairs, shared = np.unique(np.stack([masks[both], truth[both]]).astype(np.int64), axis=1, return_counts=True)
    mask, track = pairs[:, shared * 2 > np.bincount(truth.reshape(-1))[pairs[1]]]
    return mask, track


def majority_tracks(masks: Labels, truth: Labels) -> tuple[Ints, Ints]:
    """Mask labels and the true track that covers more than half of each: at most one mask, the largest part, per track."""
    both = (masks > 0) & (truth > 0)
    pairs, shared = np.unique(np.stack([masks[both], truth[both]]).astype(np.int64), axis=1, return_counts=True)
    size = np.bincount(masks.reshape(-1))
    good = shared * 2 > size[pairs[0]]
    mask, track, shared = pairs[0][good], pairs[1][good], shared[good]
    order = np.lexsort((-shared, track))
    first = np.unique(track[order], return_index=True)[1]
    return mask[order][first], track[order][first]


def held_tracks(masks: Labels, truth: Labels) -> tuple[Ints, Ints]:
    """Mask labels that hold more than half of exactly two true cells each, and these two tracks, (n, 2) in order."""
    mask, track = _covering(masks, truth)
    order = np.lexsort((track, mask))
    mask, track = mask[order], track[order]
    found, first, count = np.unique(mask, return_index=True, return_counts=True)
    first = first[count == 2]
    return found[count == 2], np.stack([track[first], track[first + 1]], axis=1)
