"""Background and noise of a frame."""

import numpy as np
import pytest

from samtrack.segment.facts import measure_facts
from samtrack.segment.grid import Grid
from samtrack.types import ArrayFrames, Box, Scale

FLAT = Scale((1.0, 1.0))


def facts_of(image, diameter_um, scale=FLAT, polarity="bright", side_px=1000):
    grid = Grid.of(scale, diameter_um)
    return measure_facts(ArrayFrames([image], scale), 0, grid, polarity, (side_px,) * image.ndim), grid


@pytest.mark.parametrize("diameter_um", [6.0, 15.0])
def test_background_of_noise_is_its_mean_and_noise_its_spread(diameter_um):
    image = np.random.default_rng(0).normal(500, 10, (400, 400)).astype(np.float32)
    facts, grid = facts_of(image, diameter_um)
    spread = grid.blur(image, 0.07).std()
    assert facts.noise_sd == pytest.approx(spread, rel=0.15)
    assert np.abs(facts.background + facts.offset - 500).max() < 1.5 * spread


def test_cells_do_not_raise_the_background(balls):
    centres = [(y, x) for y in range(20, 300, 40) for x in range(20, 300, 40)]
    image = (
        balls((300, 300), centres, 10.0) * 1000
        + np.linspace(0, 100, 300)
        + np.random.default_rng(1).normal(0, 5, (300, 300))
    ).astype(np.float32)
    facts, grid = facts_of(image, 20.0)
    found = facts.background_in(Box((0, 0), grid.shape_of((300, 300)))) + facts.offset
    assert np.abs(found - np.linspace(0, 100, 300))[20:-20, 20:-20].max() < 25
    assert facts.noise_sd < 8


@pytest.mark.parametrize("side_px", [17, 40, 64])
@pytest.mark.parametrize("polarity", ["bright", "texture"])
def test_facts_do_not_depend_on_the_tiles(crowd, side_px, polarity):
    image = crowd((151, 133), 60, 12.0, 0)
    whole, _ = facts_of(image, 34.0, polarity=polarity)
    tiled, _ = facts_of(image, 34.0, polarity=polarity, side_px=side_px)
    np.testing.assert_array_equal(tiled.background, whole.background)
    assert tiled.noise_sd == whole.noise_sd


def test_facts_in_3d_do_not_depend_on_the_tiles(crowd):
    scale = Scale((2.0, 1.0, 1.0))
    image = crowd((21, 50, 47), 20, 4.0, 0, scale.um_per_voxel)
    whole, _ = facts_of(image, 8.0, scale)
    tiled, _ = facts_of(image, 8.0, scale, side_px=13)
    np.testing.assert_array_equal(tiled.background, whole.background)
    assert tiled.noise_sd == whole.noise_sd
