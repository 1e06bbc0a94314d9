"""Small movies for the linker: discs and balls drawn by hand, and simulated ones with errors and divisions."""

import functools

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.link import measure_detections
from samtrack.simulate import simulate_movie
from samtrack.types import ArrayFrames, Detections, Divisions, Links, Scale


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


def _table_of(cells, **columns):
    """A table by hand from (frame, label, centre); equal cells far from the border unless columns say otherwise."""
    frame, label = (np.array([c[i] for c in cells]) for i in (0, 1))
    points = np.array([c[2] for c in cells], dtype=float)
    ones = np.ones(len(cells))
    columns = {
        "size_um": 50 * ones,
        "box_start": np.zeros(points.shape),
        "box_stop": np.ones(points.shape),
        "intensity": 100 * ones,
        "intensity_sd": 10 * ones,
        "elongation": ones,
        "spread": ones,
        "neighbour_um": 20 * ones,
        "border_um": 1000 * ones,
        "origin": 0 * ones,
    } | columns
    order = np.lexsort((label, frame))
    columns = {name: np.asarray(column)[order] for name, column in columns.items()}
    return Detections(frame=frame[order], label=label[order], centroid_um=points[order], **columns)


def _links_of(pairs, score=None):
    """Links between rows, without features."""
    pairs = np.asarray(pairs, dtype=np.int64).reshape(-1, 2)
    n = len(pairs)
    score = np.full(n, 0.9) if score is None else np.asarray(score, dtype=float)
    return Links(pairs[:, 0], pairs[:, 1], score, np.zeros(n), np.zeros((n, 0), np.float32))


def _divisions_of(rows, score=None):
    """Divisions (mother, daughter, daughter) of rows, without features."""
    rows = np.asarray(rows, dtype=np.int64).reshape(-1, 3)
    score = np.full(len(rows), 0.9) if score is None else np.asarray(score, dtype=float)
    return Divisions(*rows.T, score, np.zeros((len(rows), 0), np.float32))


@pytest.fixture(scope="session")
def table_of():
    return _table_of


@pytest.fixture(scope="session")
def links_of():
    return _links_of


@pytest.fixture(scope="session")
def divisions_of():
    return _divisions_of


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
