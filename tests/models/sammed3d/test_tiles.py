"""Tiles: where their voxels lie, what they show, what they cost to read."""

import numpy as np
import pytest

from samtrack.models.sammed3d.tiles import LEAST, Tiles, grey_range, in_range
from samtrack.types import Box


def reader(image, seen=None):
    def read(box):
        if seen is not None:
            seen.append(box)
        return image[box.slices]

    return read


def test_a_zoom_of_one_copies_voxels_and_leaves_zero_outside():
    image = np.random.default_rng(0).random((6, 9, 9)).astype(np.float32) + 0.5
    tile = Tiles((6, 9, 9), (1.0, 1.0, 1.0), 8).cut(reader(image), (-2, 3, 0))
    assert np.allclose(tile[2:, :6, :8], image[:, 3:, :8])
    assert not tile[:2].any()
    assert not tile[:, 6:].any()


def test_places_go_forth_and_back_and_match_the_voxels():
    tiles = Tiles.for_cells((20, 50, 50), (2.0, 0.5, 0.5), diameter_um=10, cell_px=16, side=24)
    assert tiles.zoom == pytest.approx((3.2, 0.8, 0.8))
    points = np.random.default_rng(1).random((5, 3)) * (20, 50, 50)
    assert np.allclose(tiles.to_frame(tiles.to_tile(points, (3, -4, 5)), (3, -4, 5)), points)
    ramp = np.broadcast_to(np.arange(50, dtype=np.float32), (20, 50, 50))
    corner = tiles.corner_around((10, 25, 25))
    tile = tiles.cut(reader(ramp), corner)
    along = np.stack([np.full(24, 12)] * 2 + [np.arange(24)], axis=1)
    assert np.allclose(tile[12, 12], tiles.to_frame(along, corner)[:, 2], atol=0.06), "a wide triangle is nearly linear"


def test_tiles_are_parts_of_one_picture_whatever_their_corner():
    image = np.random.default_rng(2).random((12, 30, 30)).astype(np.float32)
    tiles = Tiles(image.shape, (1.7, 0.6, 0.6), 12)
    a, b = tiles.cut(reader(image), (2, 1, 3)), tiles.cut(reader(image), (5, 3, 3))
    assert np.allclose(a[3:, 2:], b[:-3, :-2], atol=1e-6)


def test_one_read_of_no_more_than_needed():
    seen = []
    tiles = Tiles((40, 400, 400), (2.0, 0.5, 0.5), 16)
    tiles.cut(reader(np.ones((40, 400, 400)), seen), (20, 40, -4))
    (box,) = seen
    assert box.start[2] == 0
    assert np.prod(box.shape) < 1.8 * (8 + 2) * (32 + 4) * (24 + 4)
    assert not tiles.cut(reader(None), (500, 0, 0)).any(), "nothing is read beyond the frame"


def test_fine_stripes_do_not_alias():
    image = np.broadcast_to((np.arange(64) % 2).astype(np.float32), (8, 64, 64))
    tile = Tiles(image.shape, (0.25, 0.25, 0.25), 16).cut(reader(image), (0, 0, 0))
    assert np.allclose(tile[:2, :, 1:-1], 0.5, atol=0.05)


def test_labels_lie_under_their_voxels():
    labels = np.zeros((10, 20, 20), dtype=np.uint32)
    labels[3:6, 5:15, 5:15] = 4_000_000_000
    tiles = Tiles(labels.shape, (3.0, 1.5, 1.5), 40)
    tile = tiles.cut_labels(reader(labels), (-3, -3, -3))
    at = np.argwhere(tile == 4_000_000_000)
    assert tile.dtype == np.int64
    assert np.allclose(tiles.to_frame(at.mean(axis=0), (-3, -3, -3)), (4, 9.5, 9.5), atol=0.5)
    assert len(at) == 9 * 15 * 15


def test_grey_values_are_from_least_to_one():
    image = np.arange(1000).reshape(10, 10, 10)
    low, high = grey_range(image)
    shown = in_range(image, low, high)
    assert shown.min() == pytest.approx(LEAST)
    assert shown.max() == 1
    assert (in_range(image, 5, 5) == np.float32(LEAST)).all()


def test_boxes_may_stick_out():
    assert isinstance(Tiles((4, 4, 4), (1.0, 1.0, 1.0), 8).box((-2, -2, -2)), Box)
