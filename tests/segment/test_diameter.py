"""The diameter of a cell, measured."""

import numpy as np
import pytest

from samtrack.config.segment import GivenSettings, SeedsSettings
from samtrack.errors import DataError
from samtrack.segment import measure_diameter
from samtrack.types import ArrayFrames, Scale

RNG = np.random.default_rng


@pytest.fixture(scope="session")
def field(balls):
    def draw(shape, radius_px, seed, n=14):
        rng = RNG(seed)
        centres = rng.uniform(0, shape, (n, len(shape)))
        return (100 + 300 * balls(shape, centres, radius_px) + rng.normal(0, 8, shape)).astype(np.uint16)

    return draw


@pytest.mark.parametrize("radius_px", [3.5, 8.0, 20.0])
def test_measured_in_2d(field, radius_px):
    side = int(24 * radius_px)
    movie = ArrayFrames([field((side, side), radius_px, seed) for seed in range(2)], Scale((0.5, 0.5)))
    assert measure_diameter(movie, SeedsSettings()) == pytest.approx(radius_px, rel=0.2)


def test_measured_in_3d(balls):
    scale = Scale((2.0, 1.0, 1.0))
    rng = RNG(0)
    centres = [(6, 12, 12), (6, 14, 40), (14, 38, 20), (15, 40, 44), (7, 34, 52)]
    image = 100 + 300 * balls((22, 56, 62), centres, 6.0, scale.um_per_voxel) + rng.normal(0, 8, (22, 56, 62))
    assert measure_diameter(ArrayFrames([image.astype(np.uint16)], scale), SeedsSettings()) == pytest.approx(
        12.0, rel=0.2
    )


def test_empty_frames_among_others_do_not_matter(field):
    empty = RNG(1).normal(100, 8, (190, 190)).astype(np.uint16)
    movie = ArrayFrames([empty, field((190, 190), 8.0, 3), empty], Scale((1.0, 1.0)))
    assert measure_diameter(movie, SeedsSettings()) == pytest.approx(16.0, rel=0.2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 1, 1), (5, 5), (1, 64, 64), (120, 120)])
@pytest.mark.parametrize("noise_sd", [0.0, 20.0])
def test_where_nothing_is_seen_the_user_is_asked(shape, noise_sd):
    image = RNG(2).normal(1000, noise_sd, shape).astype(np.uint16)
    with pytest.raises(DataError, match=r"Set movie\.cell_diameter_um"):
        measure_diameter(ArrayFrames([image] * 3, Scale((1.0,) * len(shape))), SeedsSettings())


def test_large_frames_are_measured_on_the_crop_where_something_is(balls):
    image = RNG(3).normal(100, 8, (1500, 1500))
    image[20:212, 20:212] += 300 * balls((192, 192), RNG(4).uniform(10, 180, (14, 2)), 8.0)
    movie = ArrayFrames([image.astype(np.uint16)], Scale((1.0, 1.0)))
    assert measure_diameter(movie, SeedsSettings()) == pytest.approx(16.0, rel=0.2)


def test_given_masks_take_the_standard_settings(field):
    movie = ArrayFrames([field((190, 190), 8.0, 5)], Scale((1.0, 1.0)))
    assert measure_diameter(movie, GivenSettings()) == measure_diameter(movie, SeedsSettings())
