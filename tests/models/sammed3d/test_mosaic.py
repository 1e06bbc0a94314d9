"""Tiles are the same whoever asks, every place has one, and answers come back to where they were given."""

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.models.sammed3d.mosaic import LEAST_CORE, Mosaic, logits_at, measure_range, volume_at
from samtrack.models.sammed3d.tiles import Tiles
from samtrack.types import ArrayFrames, Box, Scale

TILES = Tiles((20, 90, 70), (1.5, 0.6, 0.6), 32)


def test_each_place_lies_in_the_core_of_its_tile():
    mosaic = Mosaic.over(TILES, 7.0)
    assert mosaic.core == (32, 18, 18)
    rng = np.random.default_rng(0)
    points = rng.uniform(-0.5, np.array(TILES.shape) - 0.5, (500, 3))
    corners = mosaic.corners(mosaic.tile_of(points))
    inside = TILES.to_tile(points, corners) + 0.5
    edge = np.stack([inside, TILES.side - inside]).min(axis=0)
    assert (edge[:, 1:] >= 7.0 - 1e-9).all(), "as far from the tile's border as was asked for"
    assert len(np.unique(corners, axis=0)) > 4


def test_an_axis_that_fits_has_one_tile_with_the_frame_in_its_middle():
    mosaic = Mosaic.over(Tiles((4, 64, 64), (2.0, 1.0, 1.0), 32), 8.0)
    assert (mosaic.count[0], mosaic.first[0]) == (1, -12)
    assert mosaic.corners(np.array([0]))[0, 0] == -12


def test_a_wide_margin_leaves_a_core():
    assert Mosaic.over(TILES, 100.0).core[1] == LEAST_CORE * 32


@pytest.mark.parametrize("corner", [(-5, 3, 0), (2, 10, 7)])
def test_logits_lie_where_the_tile_lay(corner):
    """Logits that say how far along each axis they lie, in voxels of the frame, say the same on the frame's voxels."""
    n, corner = 8, np.array(corner)
    at = (np.arange(n) + 0.5) * TILES.side / n - 0.5
    place = TILES.to_frame(np.stack(np.meshgrid(at, at, at, indexing="ij"), -1), corner)
    value = (place @ [1.0, 0.1, 0.01]).astype(np.float32)
    first = np.array([[4, 12, 9], [1, 20, 15]])
    found = logits_at(np.stack([value, 2 * value]), TILES, corner, first, (9, 12, 10), np.nan)
    local = np.stack(np.meshgrid(*(np.arange(k) for k in (9, 12, 10)), indexing="ij"), -1)
    for factor, start, one in zip((1, 2), first, found, strict=True):
        expected = factor * ((local + start) @ [1.0, 0.1, 0.01])
        low, high = place[0, 0, 0], place[-1, -1, -1]
        between = ((local + start >= low) & (local + start <= high)).all(axis=-1)
        assert between.sum() > 100
        np.testing.assert_allclose(one[between], expected[between], atol=1e-4)
        in_tile = TILES.to_tile(local + start, corner)
        beyond = ((in_tile < -0.5) | (in_tile > TILES.side - 0.5)).any(axis=-1)
        assert np.isnan(one[beyond]).all()
        assert not np.isnan(one[~beyond]).any()


def test_what_is_shown_comes_back():
    box, corner = Box((3, 20, 10), (17, 70, 60)), np.array([0, 9, 2])
    grid = np.stack(
        np.meshgrid(*(np.arange(a, b) for a, b in zip(box.start, box.stop, strict=True)), indexing="ij"), -1
    )
    ball = (6 - np.linalg.norm((grid - [10, 45, 35]) * [2.5, 1, 1] / 2.5, axis=-1)).astype(np.float32)
    shown = volume_at(ball, box, TILES, corner, 32, -9.0)
    assert shown.shape == (32, 32, 32)
    assert shown.max() == pytest.approx(6, abs=0.7)
    (back,) = logits_at(shown[None], TILES, corner, np.array([box.start]), box.shape, -9.0)
    inner = ball > 0
    assert np.abs(back - ball)[inner].mean() < 0.25
    assert (shown[:, :, -1] > -9).any()
    flat = volume_at(np.ones((1, 4, 4), np.float32), Box((5, 40, 40), (6, 44, 44)), TILES, corner, 32, -9.0)
    assert set(np.unique(flat)) == {-9.0, 1.0}, "one plane is as thick as a voxel"


def test_the_range_of_greys_does_not_see_the_rest(monkeypatch):
    rng = np.random.default_rng(1)
    image = rng.normal(100, 10, (30, 40, 50)).astype(np.float32)
    frames = ArrayFrames([image], Scale((1.0, 1.0, 1.0)))
    low, high = measure_range(frames, 0)
    np.testing.assert_allclose([low, high], np.percentile(image, [1.0, 99.8]), rtol=1e-6)
    monkeypatch.setattr("samtrack.models.sammed3d.mosaic.SAMPLES", 5000)
    np.testing.assert_allclose(measure_range(frames, 0), [low, high], rtol=0.05)
    image[:, 0, 0] = np.nan
    with pytest.raises(DataError, match="frame 0: the image holds NaN"):
        measure_range(frames, 0)
