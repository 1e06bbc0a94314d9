"""What a network sees of a frame."""

import numpy as np
import pytest

from samtrack.blocks import slabs
from samtrack.models.sam2 import pixels
from samtrack.models.sam2.pixels import GreyFrames, normalised, regular_sample, sample_places, sample_weights
from samtrack.types import ArrayFrames, Box, Scale


def test_percentiles_become_0_and_1():
    image = np.random.default_rng(0).integers(100, 1100, (300, 200)).astype(np.uint16)
    seen = normalised(image)
    low, high = np.percentile(image, [1, 99.8])
    assert seen.dtype == np.float32
    np.testing.assert_allclose(seen, np.clip((image - low) / (high - low), 0, 1), atol=1e-5)


def test_a_frame_of_one_value_becomes_0():
    assert not normalised(np.full((4, 5, 6), 7, dtype=np.uint8)).any()


@pytest.mark.parametrize("shape", [(10, 10), (1000, 900), (5, 700, 300), (3, 4, 500_000)])
def test_a_sample_is_small_and_spread_over_the_frame(shape):
    frame = np.broadcast_to(np.uint8(0), shape)
    sample = regular_sample(frame)
    assert sample.size <= 2**16
    assert sample.size > min(frame.size, 2**14) - 1


def test_a_zoom_of_one_copies_and_places_outside_are_dark():
    places = sample_places(6, 1.0, -1.0)
    weights = sample_weights(4, places, 1.0)
    np.testing.assert_array_equal(weights @ np.arange(1, 5), [0, 1, 2, 3, 4, 0])


def test_shrinking_keeps_the_mean_and_does_not_alias():
    stripes = np.tile([0.0, 1.0], 50)
    small = sample_weights(100, sample_places(25, 0.25, 0.0), 0.25) @ stripes
    np.testing.assert_allclose(small, 0.5, atol=0.08)


def test_enlarging_is_linear_between_voxels():
    wide = sample_weights(3, sample_places(6, 2.0, 0.0), 2.0) @ np.array([0.0, 1.0, 2.0])
    np.testing.assert_allclose(wide, [0, 0.25, 0.75, 1.25, 1.75, 2], atol=1e-6)


@pytest.mark.parametrize("shape", [(40, 300), (9, 70, 110)])
def test_frames_read_by_box_are_as_those_seen_whole(monkeypatch, shape):
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 60000, shape).astype(np.uint16) for _ in range(3)]
    movie, box = ArrayFrames(images, Scale((1.0,) * len(shape))), Box((2,) * len(shape), (8,) * len(shape))
    small = [GreyFrames(movie, kept=2).read(t, box) for t in range(3)]
    monkeypatch.setattr(slabs, "HELD_VOXELS", 0)
    monkeypatch.setattr(slabs, "SLAB_VOXELS", 700)
    monkeypatch.setattr(pixels, "MOST_SAMPLED", 999)
    large = [GreyFrames(movie, kept=2).read(t, box) for t in range(3)]
    for t in range(3):
        sample = np.sort(pixels.regular_sample(images[t], 999).ravel())
        np.testing.assert_array_equal(np.sort(GreyFrames(movie, 1)._sample(t)), sample)
        low, high = np.percentile(sample, [pixels.DARK_PERCENT, pixels.BRIGHT_PERCENT])
        expected = np.clip((images[t][box.slices].astype(np.float32) - low) / (high - low), 0, 1)
        np.testing.assert_allclose(large[t], expected, atol=1e-5)
        np.testing.assert_allclose(large[t], small[t], atol=0.05)
