"""One point in each cell, and its mask in runs, the same whatever the tiles."""

import numpy as np
import pytest

from samtrack.config.segment import SeedsSettings
from samtrack.segment import build_segmenter, segment_frame
from samtrack.segment.spots import Runs, classical_spots, given_spots
from samtrack.types import ArrayFrames, Scale

SCALE = Scale((2.0, 1.0, 1.0))


@pytest.fixture(scope="module")
def images(crowd):
    return ArrayFrames([crowd((12, 160, 40), 40, 3.0, 3, SCALE.um_per_voxel)], SCALE)


def segmenter(tile_px=1024):
    return build_segmenter(SeedsSettings(tile_px=tile_px), 6.0, SCALE)


def whole(spots, shape):
    labels = np.zeros(int(np.prod(shape)), np.uint32)
    voxel, cell = spots.masks.voxels_of(np.arange(len(spots.point)))
    labels[voxel] = cell + 1
    return labels.reshape(shape)


def test_points_and_masks_are_those_of_the_classical_labels(images):
    labels = segment_frame(segmenter(), images, 0)
    spots = classical_spots(segmenter(), images, 0, None)
    assert len(spots.point) == labels.max() > 8
    np.testing.assert_array_equal(whole(spots, images.shape), labels)
    at = spots.point.astype(int)
    assert labels[tuple(at.T)].tolist() == list(range(1, len(at) + 1))
    voxel, cell = spots.masks.voxels_of(np.array([4]))
    assert len(voxel) == np.count_nonzero(labels == 5)
    assert set(cell) == {4}


def test_tiles_do_not_show(images):
    one = classical_spots(segmenter(), images, 0, None)
    many = classical_spots(segmenter(64), images, 0, None)
    np.testing.assert_array_equal(one.point, many.point)
    np.testing.assert_array_equal(whole(one, images.shape), whole(many, images.shape))


def test_an_empty_frame_has_no_points():
    frames = ArrayFrames([np.full((8, 32, 32), 7, np.uint16)], SCALE)
    spots = classical_spots(segmenter(), frames, 0, None)
    assert spots.point.shape == (0, 3)
    assert len(spots.masks.voxels_of(np.zeros(0, int))[0]) == 0


def test_runs_hold_the_voxels():
    voxel, cell = np.array([3, 4, 5, 9, 6, 7, 20]), np.array([0, 0, 0, 0, 1, 1, 1])
    runs = Runs.of(voxel, cell)
    assert (runs.start.tolist(), runs.length.tolist(), runs.cell.tolist()) == (
        [3, 9, 6, 20],
        [3, 1, 2, 1],
        [0, 0, 1, 1],
    )
    assert runs.voxels_of(np.array([1]))[0].tolist() == [6, 7, 20]


def test_points_of_the_user_come_in_scan_order():
    spots = given_spots(np.array([[4.0, 1, 9], [2.0, 7, 3], [4.0, 1, 2]]), SCALE.voxel_um)
    assert spots.point.tolist() == [[1, 7, 3], [2, 1, 2], [2, 1, 9]]
    assert spots.masks is None
