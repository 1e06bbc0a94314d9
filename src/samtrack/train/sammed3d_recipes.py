"""Random volumes of nuclei from which SAM-Med3D learns: every density, size, form, voxel size and quality of picture.

Lengths are written in voxels along y and x (one micrometre each). No recorded movie is used.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from samtrack.config.simulate import SimulateSettings
from samtrack.train.link_recipes import log_uniform

CELL_PX = (9.0, 28.0)
"""Diameters of a cell in voxels of the simulated recording along y and x."""

MOST_FINER = 1.15
"""Most recorded voxels per voxel of a tile along y and x: finer ones would cost much and be averaged away."""

SHOWN_SPREAD = 0.16
"""Standard deviation of the logarithm of a cell's size in tiles: how far a diameter that a user gives is off."""

SHOWN_LIMITS = (0.7, 1.4)
"""Smallest and largest typical cell in a tile, as a share of the size that the network likes."""

MOST_STEP = 5.0
"""Largest distance of z planes, in voxels along y and x."""

FEWEST_PLANES = 2.6
"""Fewest planes across a cell: with less there is hardly a shape to learn."""

ROOM = (1.1, 1.9)
"""Side of a volume over that of a tile."""

THIN = 0.3
"""Share of volumes that are thinner than a tile along z, as many recordings are."""

Values = dict[str, Any]


def recipe(seed: int, cell_px: float, side: int) -> tuple[SimulateSettings, float]:
    """A random volume, and the diameter (voxels along y and x) that a typical cell is taken to have when tiles are cut."""
    rng = np.random.default_rng([seed, 5])
    shown = cell_px * float(np.clip(np.exp(rng.normal(0, SHOWN_SPREAD)), *SHOWN_LIMITS))
    widest = min(CELL_PX[1], MOST_FINER * shown)
    cell = log_uniform(rng, min(CELL_PX[0], widest), widest)
    step = min(log_uniform(rng, 1, MOST_STEP), cell / FEWEST_PLANES)
    per_tile = side * cell / shown
    deep, high, wide = (per_tile * rng.uniform(*ROOM) for _ in range(3))
    if rng.random() < THIN:
        deep = per_tile * rng.uniform(0.4, 0.9)
    settings: Values = {
        "kind": "nuclei",
        "seed": seed,
        "frames": 1,
        "shape_px": (max(round(deep / step), 3), round(high), round(wide)),
        "um_per_voxel": (step, 1.0, 1.0),
        "minutes_per_frame": 60.0,
        "cells": _cells(rng, cell),
        "imaging": _imaging(rng, cell),
    }
    return SimulateSettings.model_validate(settings), cell * cell_px / shown


def _cells(rng: np.random.Generator, cell: float) -> Values:
    """From single cells to packed ones, round or long, alike or not."""
    sparse, medium, dense = rng.uniform(0.03, 0.12), rng.uniform(0.12, 0.3), rng.uniform(0.3, 0.4)
    return {
        "density": float(rng.choice([sparse, medium, dense], p=[0.3, 0.4, 0.3])),
        "diameter_um": cell,
        "diameter_spread": float(rng.uniform(0.03, 0.22)),
        "elongation": log_uniform(rng, 1.02, 2.2),
        "elongation_spread": float(rng.uniform(0.02, 0.3)),
        "irregularity": float(rng.uniform(0.01, 0.14)),
        "brightness_spread": float(rng.uniform(0.05, 0.5)),
        "clustered": float(rng.uniform(0, 0.95)),
        "cycle_hours": log_uniform(rng, 8, 60),
        "mitosis_minutes": 60 * log_uniform(rng, 1, 4),
        "mitotic_rounding": float(rng.choice([0.0, rng.uniform(0, 1)])),
    }


def _imaging(rng: np.random.Generator, cell: float) -> Values:
    """From clean pictures to middling ones, as usable recordings are; 8 or 16 bit, sharp or soft, dark or hazy."""
    is_8_bit = rng.random() < 0.3
    blur = max(0.4, log_uniform(rng, 0.015, 0.06) * cell)
    return {
        "dtype": "uint8" if is_8_bit else "uint16",
        "offset_grey": float(rng.uniform(0, 20) if is_8_bit else rng.uniform(0, 500)),
        "level_grey": log_uniform(rng, 15, 180) if is_8_bit else log_uniform(rng, 100, 8000),
        "photons": log_uniform(rng, 20, 1000),
        "read_noise_photons": float(rng.uniform(0, 3)),
        "blur_um": blur,
        "blur_z_um": blur * log_uniform(rng, 1, 2.5),
        "background": log_uniform(rng, 0.01, 0.4),
        "unevenness": float(rng.uniform(0, 0.4)),
        "texture": float(rng.uniform(0, 0.3)),
        "contrast": log_uniform(rng, 0.7, 1.5),
        "haze": float(rng.choice([0.0, rng.uniform(0, 0.1), rng.uniform(0, 0.2)])),
        "debris": int(rng.integers(0, 7)),
    }
