"""Discs around points: of the right size, divided where they meet, inside of the image."""

import numpy as np
import pytest

from samtrack.segment import segment_frame
from samtrack.segment.points import PointsSegmenter, discs
from samtrack.types import ArrayFrames, Scale


@pytest.mark.parametrize(("shape", "voxel"), [((50, 60), (1.0, 1.0)), ((20, 50, 60), (2.0, 0.7, 0.5))])
def test_each_voxel_belongs_to_the_nearest_point_within_reach(shape, voxel):
    rng, um = np.random.default_rng(1), np.array(voxel)
    points = rng.uniform(0, (np.array(shape) - 1) * um, (12, len(shape)))
    labels = discs(points, 4.0, shape, um)
    place = np.stack(np.indices(shape), axis=-1) * um
    far = np.linalg.norm(place[..., None, :] - points, axis=-1)
    expected = np.where(far.min(axis=-1) <= 4.0, far.argmin(axis=-1) + 1, 0)
    np.testing.assert_array_equal(labels, expected)


def test_a_point_has_its_voxel_however_small_the_disc():
    labels = discs(np.array([[2.4, 3.4], [0.0, 7.0]]), 0.1, (8, 8), np.ones(2))
    assert np.argwhere(labels).tolist() == [[0, 7], [2, 3]]
    assert (labels[2, 3], labels[0, 7]) == (1, 2)


def test_a_segmenter_asks_for_the_points_of_each_frame():
    images = ArrayFrames([np.zeros((20, 20), np.uint8)] * 2, Scale((1.0, 1.0)))
    segmenter = PointsSegmenter(lambda frame: np.full((frame, 2), 10.0), 6.0)
    assert segment_frame(segmenter, images, 0).max() == 0
    assert np.count_nonzero(segment_frame(segmenter, images, 1)) == 29
