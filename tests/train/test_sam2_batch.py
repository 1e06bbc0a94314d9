"""Lessons: what is shown, what is wanted, and that a mother's later mask is that of her daughters."""

import numpy as np
import pytest

from samtrack.train.sam2_batch import make_lessons
from samtrack.train.sam2_clips import Clip, simulated_clips

SIDE = 4


def drawn(first, second, parent):
    labels = np.stack([first, second]).astype(np.int32)
    grey = (labels > 0).astype(np.float32)
    return Clip(grey, labels, labels.copy(), np.array(parent), 16.0, 0)


def disc(centre, radius, size=96):
    y, x = np.mgrid[:size, :size]
    return (y - centre[0]) ** 2 + (x - centre[1]) ** 2 <= radius**2


@pytest.fixture
def division():
    """1 divides into 2 and 3; 4 stays; 5 leaves."""
    first, second = np.zeros((96, 96)), np.zeros((96, 96))
    first[disc((40, 40), 9)] = 1
    second[disc((40, 33), 5)] = 2
    second[disc((40, 47), 5)] = 3
    for frame in (first, second):
        frame[disc((70, 60), 6)] = 4
    first[disc((15, 75), 6)] = 5
    return drawn(first, second, [0, 0, 1, 1, 0, 0])


def towards(forward):
    """A generator whose first draw chooses the direction of time."""
    return next(
        r for s in range(99) if (np.random.default_rng(s).random() < 0.5) == forward for r in [np.random.default_rng(s)]
    )


def test_a_mother_becomes_her_daughters_and_who_leaves_is_absent(division):
    lessons = make_lessons([division], SIDE, 9, 0, towards(True))
    assert len(lessons) == 3
    wanted = lessons.target[0].sum(axis=(1, 2)) * 16
    sizes = {int(lessons.shown[i].sum()): (float(wanted[i]), bool(lessons.present[0, i])) for i in range(3)}
    n_mother, n_daughter, n_small = (int(disc((40, 40), r).sum()) for r in (9, 5, 6))
    assert sizes[n_mother] == (pytest.approx(2 * n_daughter), True)
    small = [lessons.present[0, i] for i in range(3) if int(lessons.shown[i].sum()) == n_small]
    assert sorted(small) == [False, True]


def test_backward_a_daughter_becomes_her_mother(division):
    lessons = make_lessons([division], SIDE, 9, 0, towards(False))
    n_mother, n_daughter = int(disc((40, 40), 9).sum()), int(disc((40, 33), 5).sum())
    daughters = [i for i in range(len(lessons)) if int(lessons.shown[i].sum()) == n_daughter]
    assert len(daughters) == 2
    for i in daughters:
        assert lessons.target[0, i].sum() * 16 == pytest.approx(n_mother)


def test_masks_on_background_are_absent_and_lie_on_no_cell(division):
    lessons = make_lessons([division], SIDE, 9, 3, np.random.default_rng(3))
    background = np.flatnonzero(lessons.segment.sum(axis=(1, 2)) == 0)
    assert len(background) > 0
    assert not lessons.present[:, background].any()
    assert (lessons.shown[background].sum(axis=(1, 2)) > 0).all()


def test_points_lie_on_their_cell_and_off_their_neighbours(division):
    lessons = make_lessons([division], SIDE, 9, 0, towards(True))
    for i in range(len(lessons)):
        x, y = np.rint(lessons.points[i, 0] / 4 - 0.5).astype(int)
        assert lessons.is_in[i, 0] == 1
        assert lessons.segment[i, y, x] > 0
        for (x, y), sign in zip(lessons.points[i, 1:], lessons.is_in[i, 1:], strict=True):
            if sign == 0:
                assert lessons.segment[i, int(y / 4), int(x / 4)] == 0


def test_simulated_clips_make_lessons_that_fit_together():
    clips = simulated_clips(5, 96, 3, 4)
    lessons = make_lessons(clips, SIDE, 6, 1, np.random.default_rng(0))
    n = len(lessons)
    assert lessons.images.shape == (3, 4, 96, 96)
    assert lessons.corner.shape == (3, n, 2)
    assert lessons.corner.min() >= 0
    assert lessons.corner.max() <= 2
    assert lessons.target.shape == (2, n, 16, 16)
    assert lessons.present.shape == (2, n)
    assert lessons.shown.shape == (n, 64, 64)
    np.testing.assert_array_equal(lessons.present, lessons.target.any(axis=(2, 3)))


def test_a_clip_without_cells_makes_no_lessons():
    empty = drawn(np.zeros((96, 96)), np.zeros((96, 96)), [0])
    assert len(make_lessons([empty], SIDE, 6, 2, np.random.default_rng(0))) == 0
