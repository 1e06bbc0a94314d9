"""Small movies for the linker: discs and balls drawn by hand, and simulated ones with errors and divisions."""

import functools

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.link import measure_detections
from samtrack.simulate import simulate_movie
from samtrack.types import ArrayFrames, Detections, Scale


def _draw_balls(shape, centres, radius, labels=None):
    """A label image of discs (2D) or balls (3D); later ones do not cover earlier ones."""
    image = np.zeros(shape, dtype=np.uint32)
    grid = np.meshgrid(*[np.arange(n) for n in shape], indexing="ij")
    for i, centre in enumerate(centres):
        inside = sum((g - c) ** 2 for g, c in zip(grid, centre, strict=True)) <= radius**2
        image[inside & (image == 0)] = i + 1 if labels is None else labels[i]
    return image


def _measure_movie(frames, scale, images=None):
    """Label frames and the table of all their cells."""
    images = images if images is not None else [None] * len(frames)
    tables = [measure_detections(f, t, scale, i) for t, (f, i) in enumerate(zip(frames, images, strict=True))]
    return ArrayFrames(list(frames), scale), Detections.concatenate(tables)


@functools.cache
def _simulated(ndim, seed=5):
    """A movie of dividing, drifting cells with missed, merged and spurious masks: (frames, images, scale, movie)."""
    settings = SimulateSettings.model_validate(
        {
            "seed": seed,
            "frames": 9 if ndim == 2 else 6,
            "shape_px": (160, 160) if ndim == 2 else (8, 72, 72),
            "cells": {"count": 24 if ndim == 2 else 16, "diameter_um": 8.0 if ndim == 2 else 6.0, "cycle_hours": 3.0},
            "motion": {"speed_um_per_hour": 12.0, "drift_um_per_hour": 4.0},
            "masks": {"missed": 0.1, "merged": 0.1, "split": 0.02, "spurious": 0.05},
        }
    )
    movie = simulate_movie(settings)
    frames = [movie.frame(t) for t in range(movie.n_frames)]
    return [f.masks.astype(np.uint32) for f in frames], [f.image for f in frames], movie.scale, movie


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def micrometre_2d():
    return Scale((1.0, 1.0))


@pytest.fixture(scope="session")
def draw_balls():
    return _draw_balls


@pytest.fixture(scope="session")
def measure_movie():
    return _measure_movie


@pytest.fixture(scope="session")
def simulated():
    return _simulated
