"""Lessons: seeds lie in their cells, negatives in others, background in none; masks that are shown resemble the truth."""

import numpy as np
import pytest

from samtrack.config.train_sammed3d import TrainSamMed3DSettings
from samtrack.train.sammed3d_batch import cells_in, distorted, make_lessons
from samtrack.train.sammed3d_cubes import Cube


def two_balls(side=32):
    grid = np.indices((side,) * 3)
    labels = np.zeros((side,) * 3, dtype=np.int16)
    for label, (centre, radius) in enumerate([((10, 10, 10), 6), ((20, 21, 22), 7), ((30, 30, 3), 1.5)], start=1):
        labels[((grid - np.reshape(centre, (3, 1, 1, 1))) ** 2).sum(axis=0) < radius**2] = label
    image = np.where(labels > 0, 0.9, 0.1).astype(np.float32)
    return Cube(image, labels, 0)


def lessons_of(n=8, **changes):
    settings = TrainSamMed3DSettings(**{"mask_prompts": 0.5, "repaint": 0.0, "backgrounds": 2, **changes})
    return make_lessons([two_balls()] * n, settings, 16, np.random.default_rng(0))


def test_clicks_lie_where_they_should():
    lessons = lessons_of()
    assert len(lessons.images) == 8
    is_empty = lessons.label == 0
    assert is_empty.sum() == 16
    for i in range(len(lessons)):
        labels = lessons.labels[lessons.cube[i]]
        for place, kind in zip(lessons.points[i], lessons.is_in[i], strict=True):
            if kind >= 0:
                under = labels[tuple(np.clip(np.rint(place), 0, 31).astype(int))]
                assert (under == lessons.label[i]) if kind == 1 else (under not in (0, lessons.label[i]))
    assert (lessons.is_in == 0).any()


def test_small_cells_are_asked_for_too_and_those_at_a_face_less_often():
    lessons = lessons_of(n=60, prompts=2, backgrounds=0)
    asked = np.bincount(lessons.label, minlength=4)[1:]
    assert asked[2] > 0
    assert asked[2] < 0.8 * asked[1]


def test_some_objects_are_shown_a_mask_and_some_of_these_no_click():
    lessons = lessons_of(n=30)
    has_mask = lessons.shown.reshape(len(lessons), -1).any(axis=1)
    assert 0.3 < has_mask[lessons.label > 0].mean() < 0.7
    assert not has_mask[lessons.label == 0].any()
    no_click = (lessons.is_in < 0).all(axis=1)
    assert no_click.any()
    assert has_mask[no_click].all()


def test_a_distorted_mask_is_near_the_true_one():
    mask = two_balls().labels == 2
    found = []
    for seed in range(10):
        seen = distorted(mask, 16, 14.0, np.random.default_rng(seed)) > 0
        true = mask.reshape(16, 2, 16, 2, 16, 2).mean(axis=(1, 3, 5)) > 0.5
        found.append((seen & true).sum() / (seen | true).sum())
    assert 0.3 < np.mean(found) < 0.95
    assert min(found) < max(found)


def test_no_cells_no_seeds():
    empty = cells_in(np.zeros((8, 8, 8), dtype=np.int16), np.random.default_rng(0))
    assert empty.seed.shape == (0, 3)


def test_a_seed_of_a_hollow_cell_is_moved_into_it():
    labels = np.zeros((16, 16, 16), dtype=np.int16)
    labels[2:14, 2:14, 2:14] = 1
    labels[4:12, 4:12, 4:12] = 0
    seed = cells_in(labels, np.random.default_rng(0)).seed[0]
    assert labels[tuple(np.rint(seed).astype(int))] == 1


def test_tests_are_the_same_whatever_came_before():
    settings = TrainSamMed3DSettings()
    one, two = (make_lessons([two_balls()], settings, 16, np.random.default_rng(5), is_test=True) for _ in range(2))
    np.testing.assert_array_equal(one.points, two.points)
    assert one.images.mean() == pytest.approx(0, abs=1e-4)
