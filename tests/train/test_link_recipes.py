"""Recipes are functions of their seed; the habits of segmentations do to masks what they say."""

import numpy as np

from samtrack.config.simulate import SimulateSettings
from samtrack.train.link_recipes import balls_on, majority_tracks, make_movie, recipe, resized
from samtrack.types import Scale


def test_a_recipe_is_a_function_of_its_seed():
    assert recipe(7) == recipe(7)
    recipes = [recipe(seed) for seed in range(40)]
    assert len({r.model_dump_json() for r in recipes}) == 40
    assert {r.kind for r in recipes} == {"nuclei", "phase", "dic"}
    assert {len(r.shape_px) for r in recipes} == {2, 3}


def test_a_movie_is_one_too():
    one, other = (make_movie(SimulateSettings(frames=3, shape_px=(64, 64), seed=4)) for _ in range(2))
    assert np.array_equal(one.track_of, other.track_of)
    assert np.array_equal(one.detections.centroid_um, other.detections.centroid_um)
    assert set(one.track_of) - {0} <= set(one.tracks[:, 0])
    assert one.is_complete


def square():
    masks = np.zeros((20, 20), dtype=np.uint32)
    masks[5:11, 6:12] = 3
    return masks


def test_masks_grow_and_shrink_by_pixels():
    assert np.count_nonzero(resized(square(), -1)) == 16
    assert np.count_nonzero(resized(square(), 1)) == 36 + 4 * 6
    assert np.array_equal(resized(square(), 0), square())


def test_a_ball_replaces_a_mask():
    ball = balls_on(square(), Scale((1.0, 1.0)), 2.0)
    assert set(np.unique(ball)) == {0, 3}
    assert np.count_nonzero(ball) == 13
    assert not balls_on(np.zeros((4, 4), dtype=np.uint32), Scale((1.0, 1.0)), 2.0).any()


def test_a_track_has_one_mask_and_only_masks_mostly_its_own():
    truth, masks = np.zeros((2, 4, 12), dtype=np.uint32)
    truth[:, :6], truth[:, 6:] = 1, 2
    masks[:, :4], masks[:, 4:6], masks[:, 6:9] = 5, 6, 7
    mask, track = majority_tracks(masks, truth)
    assert dict(zip(mask.tolist(), track.tolist(), strict=True)) == {5: 1, 7: 2}
    masks[:] = 9  # half of each track: of neither
    assert len(majority_tracks(masks, truth)[0]) == 0
