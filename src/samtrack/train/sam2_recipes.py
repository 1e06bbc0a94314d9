"""Random movies from which SAM 2 learns to follow cells: every kind, size, density, motion and quality of picture.

Wide on purpose: what a model has seen in all looks it does not take for a property of cells. Lengths are written in voxels
(one micrometre each) and times in frames (one hour each). No recorded movie is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from samtrack.config.simulate import SimulateSettings
from samtrack.train.link_recipes import log_uniform

SHOWN_PX = (18.0, 64.0)
"""Diameters of a median cell in the network's pixels: from barely resolved to a quarter of a crop of 256."""

KINDS = {"nuclei": 0.34, "volume": 0.24, "phase": 0.24, "dic": 0.18}
"""Share of each kind of movie; ``volume``: nuclei in 3D, of which planes are used."""

CELL_PX = {"nuclei": (8.0, 60.0), "volume": (8.0, 40.0), "phase": (8.0, 80.0), "dic": (24.0, 120.0)}
"""Diameters of a cell in the voxels of the simulated recording."""

MOST_FINER = {"nuclei": 1.6, "volume": 0.9, "phase": 1.6, "dic": 1.6}
"""Most recorded voxels per pixel of the network: finer ones would cost much and be averaged away."""

MOST_VOXELS = 500_000
"""Most voxels of a simulated 2D frame."""

ROOM_OF_FEW, ROOM_OF_MANY = (1.25, 1.6), (1.08, 1.3)
"""Side of a simulated frame over that of a crop: less where a crop alone holds many cells, which is what costs."""

THICK_VOXELS = 3
"""Planes of a volume, a quarter of a diameter apart: all cells that its middle plane, the one that is used, cuts well."""

Values = dict[str, Any]


def recipe(seed: int, side_px: int = 256) -> tuple[SimulateSettings, float]:
    """A random movie, and the zoom that brings it to the network's scale, where a crop of ``side_px`` fits into it."""
    rng = np.random.default_rng([seed, 2])
    kind = str(rng.choice(list(KINDS), p=list(KINDS.values())))
    shown = log_uniform(rng, *SHOWN_PX)
    smallest, largest = CELL_PX[kind]
    cell = log_uniform(rng, smallest, max(1.01 * smallest, min(largest, MOST_FINER[kind] * shown)))
    crop = side_px * cell / shown
    room = rng.uniform(*(ROOM_OF_FEW if shown > 32 else ROOM_OF_MANY))
    side = round(max(1.05 * crop, min(crop * room, MOST_VOXELS**0.5)))
    shape, voxel = (_thin_volume(rng, side, cell)) if kind == "volume" else ((side, side), (1.0, 1.0))
    motion = _motion(rng, cell)
    is_drifting = motion["drift_um_per_hour"] > 0.1 * cell
    may_stay = kind != "volume" and motion["drift_um_per_hour"] == 0 and side > 5 * cell
    settings: Values = {
        "kind": "nuclei" if kind == "volume" else kind,
        "seed": seed,
        "frames": round(log_uniform(rng, 10, 14 if is_drifting else 28)),  # drifting ones need a large world
        "shape_px": shape,
        "um_per_voxel": voxel,
        "minutes_per_frame": 60.0,
        "cells": {**_cells(rng, kind, cell), "may_leave": not (may_stay and rng.random() < 0.2)},
        "motion": motion,
        "imaging": {"nuclei": _fluorescence, "volume": _fluorescence, "phase": _phase, "dic": _dic}[kind](rng, cell),
    }
    return SimulateSettings.model_validate(settings), shown / cell


def _thin_volume(
    rng: np.random.Generator, side: int, cell: float
) -> tuple[tuple[int, int, int], tuple[float, float, float]]:
    """A slab of `THICK_VOXELS` planes; a quarter of them with coarse voxels along one side, as planes along z have."""
    coarse = log_uniform(rng, 1, cell / 4) if rng.random() < 0.25 else 1.0
    return (THICK_VOXELS, round(side / coarse), side), (cell / 4, coarse, 1.0)


def _cells(rng: np.random.Generator, kind: str, cell: float) -> Values:
    """From single cells to closed layers; divisions and deaths frequent enough that many clips hold one."""
    sparse, medium, dense = rng.uniform(0.03, 0.2), rng.uniform(0.2, 0.5), rng.uniform(0.5, 0.82)
    likely = {
        "nuclei": (0.25, 0.4, 0.35),
        "volume": (0.4, 0.4, 0.2),
        "phase": (0.3, 0.4, 0.3),
        "dic": (0.15, 0.3, 0.55),
    }
    density = float(rng.choice([sparse, medium, dense], p=likely[kind]))
    longest = {"nuclei": 2.2, "volume": 1.7, "phase": 4.5, "dic": 2.4}[kind]
    return {
        "density": density if kind != "volume" else 0.55 * density,
        "diameter_um": cell,
        "diameter_spread": float(rng.uniform(0.04, 0.28)),
        "elongation": log_uniform(rng, 1.02, longest),
        "elongation_spread": float(rng.uniform(0.02, 0.35)),
        "irregularity": float(rng.uniform(0.01, 0.19 if kind in ("phase", "dic") else 0.14)),
        "pointedness": float(rng.choice([0.0, rng.uniform(0, 1)])) if kind == "phase" else 0.0,
        "brightness_spread": float(rng.uniform(0.05, 0.9 if kind in ("nuclei", "volume") else 0.4)),
        "clustered": float(rng.uniform(0, 0.95)),
        "cycle_hours": log_uniform(rng, 8, 60),
        "cycle_spread": float(rng.uniform(0.1, 0.4)),
        "mitosis_minutes": 60 * log_uniform(rng, 1, 5),
        "mitotic_rounding": float(rng.choice([0.0, rng.uniform(0, 1), 1.0], p=[0.2, 0.4, 0.4])),
        "mitotic_swelling": float(rng.choice([0.0, rng.uniform(0, 0.5)])),
        "daughters_apart": log_uniform(rng, 0.5, 1.5),
        "daughters_apart_spread": float(rng.uniform(0, 0.3)),
        "daughters_size": log_uniform(rng, 0.75, 1.7),
        "daughters_asymmetry": float(rng.uniform(0.02, 0.12)),
        "daughters_turn": float(rng.uniform(0, 0.8)),
        "death_per_hour": log_uniform(rng, 0.0005, 0.02),
    }


def _motion(rng: np.random.Generator, cell: float) -> Values:
    """Per frame: from still to about half a diameter, of which clips with a stride make up to one and a half."""
    move = log_uniform(rng, 0.005, 0.5) * cell * float(rng.random() > 0.04)
    return {
        "speed_um_per_hour": move,
        "speed_spread": float(rng.uniform(0.1, 0.8)),
        "persistence_minutes": 60 * log_uniform(rng, 0.5, 8),
        "alignment": float(rng.uniform(0, 0.5)),
        "flow_um_per_hour": min(move * float(rng.choice([0.0, 0.3, 1.0, 2.0])), 0.5 * cell),
        "drift_um_per_hour": min(move * float(rng.choice([0.0, 0.3, 2.0], p=[0.5, 0.3, 0.2])), 0.5 * cell),
        "jitter_um": float(rng.choice([0.0, rng.uniform(0, 0.05), rng.uniform(0, 0.35)], p=[0.4, 0.4, 0.2])) * cell,
    }


def _fluorescence(rng: np.random.Generator, cell: float) -> Values:
    """From clean pictures to nearly nothing but noise; 8 or 16 bit, sharp or soft, dark or hazy surroundings."""
    is_8_bit = rng.random() < 0.3
    return {
        "dtype": "uint8" if is_8_bit else "uint16",
        "offset_grey": float(rng.uniform(0, 20) if is_8_bit else rng.uniform(0, 500)),
        "level_grey": log_uniform(rng, 15, 180) if is_8_bit else log_uniform(rng, 100, 8000),
        "photons": log_uniform(rng, 4, 1500),
        "read_noise_photons": float(rng.uniform(0, 4)),
        "bleaching_per_frame": float(rng.choice([0.0, rng.uniform(0, 0.03)])),
        "blur_um": max(0.4, log_uniform(rng, 0.015, 0.12) * cell),
        "blur_z_um": log_uniform(rng, 0.05, 0.35) * cell,
        "background": log_uniform(rng, 0.01, 1.0),
        "unevenness": float(rng.uniform(0, 0.6)),
        "texture": float(rng.uniform(0, 0.45)),
        "contrast": log_uniform(rng, 0.5, 1.5),
        "haze": float(rng.choice([0.0, rng.uniform(0, 0.15), rng.uniform(0.1, 0.5)])),
        "debris": int(rng.integers(0, 9)),
    }


def _phase(rng: np.random.Generator, cell: float) -> Values:
    """Bright or dark cells, with or without halos, from glaring to hardly visible."""
    return {
        "offset_grey": float(rng.uniform(0, 30)),
        "level_grey": float(rng.uniform(60, 150)),
        "photons": log_uniform(rng, 200, 8000),
        "blur_um": max(0.4, log_uniform(rng, 0.01, 0.09) * cell),
        "unevenness": float(rng.uniform(0, 0.4)),
        "texture": float(rng.uniform(0.05, 0.6)),
        "contrast": log_uniform(rng, 0.12, 1.0),
        "halo": float(rng.choice([rng.uniform(0, 0.3), rng.uniform(0.3, 1.4)], p=[0.35, 0.65])),
        "polarity": str(rng.choice(["bright", "dark"], p=[0.6, 0.4])),
        "debris": int(rng.integers(0, 9)),
    }


def _dic(rng: np.random.Generator, cell: float) -> Values:
    """Relief from faint to strong; slopes are per voxel, so that small cells need less contrast for the same look."""
    return {
        "offset_grey": float(rng.uniform(0, 20)),
        "level_grey": float(rng.uniform(90, 150)),
        "photons": log_uniform(rng, 500, 12000),
        "blur_um": max(0.4, log_uniform(rng, 0.006, 0.03) * cell),
        "unevenness": float(rng.uniform(0, 0.3)),
        "texture": float(rng.uniform(0.1, 0.9)),
        "contrast": log_uniform(rng, 0.1, 0.6) * min(1.0, cell / 60),
        "debris": int(rng.integers(0, 9)),
    }
