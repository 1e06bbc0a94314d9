"""Annotated movies: masks are found slab by slab, split by frame, and cut out where they lie, each as likely as another."""

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.train import sammed3d_movies
from samtrack.train.sammed3d_movies import (
    Scene,
    annotated_frames,
    annotated_stream,
    find_masks,
    parted,
    typical_diameter_um,
)
from samtrack.types import ArrayFrames, Scale

SCALE = Scale((2.0, 1.0, 1.0))


def movie(n=3, empty=()):
    rng = np.random.default_rng(0)
    images, labels = [], []
    for t in range(n):
        mask = np.zeros((12, 40, 40), dtype=np.uint32)
        if t not in empty:
            mask[2:5, 4:10, 4:10] = 3
            mask[4:10, 20:32, 18:30] = 4_000_000_000
        images.append((100 + 900 * (mask > 0) + rng.normal(0, 5, mask.shape)).astype(np.uint16))
        labels.append(mask)
    return ArrayFrames(images, SCALE), ArrayFrames(labels, SCALE)


def test_masks_are_found_whatever_the_slab(monkeypatch):
    _, labels = movie(1)
    whole = find_masks(labels, 0)
    monkeypatch.setattr(sammed3d_movies, "SLAB_VOXELS", 5000)
    parts = find_masks(labels, 0)
    assert whole.size.tolist() == parts.size.tolist() == [108, 864]
    assert np.allclose(whole.centre, [[3, 6.5, 6.5], [6.5, 25.5, 23.5]])
    assert np.allclose(parts.centre, whole.centre)


def test_frames_without_masks_are_left_out_and_the_last_ones_judge():
    frames = annotated_frames(*movie(6, empty=(1,)), "movie")
    assert [f.frame for f in frames] == [0, 2, 3, 4, 5]
    learnt, judged = parted(frames, 0.3)
    assert [f.frame for f in judged] == [4, 5]
    assert [f.frame for f in learnt] == [0, 2, 3]
    assert typical_diameter_um(frames) == pytest.approx(np.cbrt(np.array([216, 1728]) * 6 / np.pi).mean())
    with pytest.raises(DataError, match="at least two"):
        parted(frames[:1], 0.2)


def test_cubes_show_each_mask_as_often_as_the_other_and_depend_on_seed_and_place():
    frames = annotated_frames(*movie(), "movie")
    scene = Scene(tuple(frames), 9.0, 9.0, 16)
    stream = annotated_stream(scene, 1, 5)
    cubes = [next(stream) for _ in range(80)]
    np.testing.assert_array_equal(cubes[2].image, scene.cube(1, 7).image)
    small = np.mean([0 < (c.labels > 0).sum() <= 216 for c in cubes])
    assert 0.25 < small < 0.75
    for cube in cubes:
        assert (cube.labels == 0).all() or cube.image[cube.labels > 0].mean() > 0.8


def test_movies_that_do_not_fit_are_refused():
    images, _ = movie(2)
    with pytest.raises(DataError, match="must agree"):
        annotated_frames(images, movie(3)[1], "movie")
    flat = ArrayFrames([np.zeros((8, 8), np.uint16)], Scale((1.0, 1.0)))
    with pytest.raises(DataError, match="expected volumes"):
        annotated_frames(flat, flat, "movie")
