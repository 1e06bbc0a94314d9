"""Tiny simulated movies to learn from."""

import functools

import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.train.link_recipes import make_movie

# Cells that jump a radius between frames, in masks that are often torn or lost: nothing that the shipped model expects.
RESTLESS = {
    "frames": 18,
    "shape_px": (176, 176),
    "cells": {"count": 50, "diameter_um": 8.0, "cycle_hours": 4.0},
    "motion": {"speed_um_per_hour": 25.0, "persistence_minutes": 1.0, "jitter_um": 1.5},
    "masks": {"missed": 0.12, "merged": 0.1, "split": 0.05, "spurious": 0.1},
}


def settings_of(seed, **more):
    return SimulateSettings.model_validate({"seed": seed, **RESTLESS, **more})


@functools.cache
def _movie(seed):
    return make_movie(settings_of(seed))


@pytest.fixture(scope="session")
def restless():
    """The maker of a movie of restless cells."""
    return _movie
