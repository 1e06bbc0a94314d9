"""Centroids of labels, the same however thick the slabs are."""

import numpy as np
import pytest

from samtrack.config.segment import GivenSettings
from samtrack.io import seed_labels
from samtrack.io.movies import open_masks
from samtrack.io.seed_labels import centroids
from samtrack.types import ArrayFrames, Scale


@pytest.mark.parametrize("shape", [(31, 40), (9, 20, 30)])
@pytest.mark.parametrize("voxels", [1, 1500, 2**23])
def test_centroids_are_means_of_coordinates(write_movie, monkeypatch, shape, voxels):
    rng = np.random.default_rng(0)
    labels = rng.choice(np.array([0, 0, 3, 70000, 7], np.uint32), shape)
    labels[0] = 0
    images = ArrayFrames([labels] * 2, Scale((1.0,) * len(shape)))
    folder = write_movie([labels, np.zeros_like(labels)], name="masks")
    images_path = write_movie([labels, labels])
    monkeypatch.setattr(seed_labels, "SLAB_VOXELS", voxels)
    frames = open_masks(folder, images_path, images, GivenSettings())
    label, place = centroids(frames, 0)
    assert label.tolist() == [3, 7, 70000]
    for value, where in zip(label, place, strict=True):
        np.testing.assert_allclose(where, np.argwhere(labels == value).mean(axis=0), rtol=1e-14)
    label, place = centroids(frames, 1)
    assert place.shape == (0, len(shape))
