"""Other looks of the same clip, and masks with the errors of a segmentation."""

import numpy as np
import pytest

from samtrack.train.sam2_augment import as_segmented, repainted, turned

CELL_PX = 16.0


@pytest.fixture
def labels():
    away = np.indices((64, 64))
    frame = np.zeros((64, 64), dtype=np.int32)
    for label, (y, x) in enumerate([(16, 16), (16, 44), (44, 30)], start=1):
        frame[np.hypot(away[0] - y, away[1] - x) < CELL_PX / 2] = label
    return np.stack([frame, np.roll(frame, 3, axis=1)])


def test_the_eight_ways_to_lie_differ_and_keep_all_pixels():
    picture = np.arange(16).reshape(1, 4, 4)
    found = [turned(picture, way) for way in range(8)]
    assert len({lying.tobytes() for lying in found}) == 8
    assert all(set(lying.flat) == set(picture.flat) for lying in found)


def test_repainted_pictures_are_finite_within_range_and_others_each_time(labels):
    images = (labels > 0).astype(np.float32)
    before = images.copy()
    found = [repainted(images, CELL_PX, np.random.default_rng(k)) for k in range(60)]
    np.testing.assert_array_equal(images, before)
    assert all(np.isfinite(shown).all() and shown.min() >= 0 and shown.max() <= 1 for shown in found)
    assert len({shown.tobytes() for shown in found}) > 45
    is_dark = [shown[labels > 0].mean() < shown[labels == 0].mean() for shown in found]
    assert 0.03 < np.mean(is_dark) < 0.4


def test_prompts_are_near_the_truth_and_keep_every_cell(labels):
    true = 0
    for k in range(60):
        prompts = as_segmented(labels, CELL_PX, np.random.default_rng(k))
        assert prompts.dtype == np.int32
        true += np.array_equal(prompts, labels)
        for was, now in zip(labels, prompts, strict=True):
            for label in (1, 2, 3):
                both = np.count_nonzero((was == label) & (now == label))
                either = np.count_nonzero((was == label) | (now == label))
                assert both / either > 0.15
    assert 20 < true < 45


def test_a_tiny_cell_that_erosion_would_remove_stays(labels):
    tiny = np.zeros_like(labels)
    tiny[:, 30, 30] = 1
    tiny[:, 31, 31] = 2
    for k in range(40):
        prompts = as_segmented(tiny, CELL_PX, np.random.default_rng(k))
        assert set(np.unique(prompts[0])) >= {1}


def test_no_cells_no_errors():
    nothing = np.zeros((2, 8, 8), dtype=np.int32)
    assert not any(as_segmented(nothing, 8.0, np.random.default_rng(k)).any() for k in range(10))
