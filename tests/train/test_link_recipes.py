"""Recipes are functions of their seed; the habits of segmentations do to masks what they say."""

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.train.link_recipes import balls_in, balls_on, held_tracks, majority_tracks, make_movie, recipe, resized
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


def two_in_one():
    """Masks and truth: mask 5 holds the cells 1 and 2, mask 6 half of 3, mask 7 is 4, mask 8 holds 11, 12 and 13."""
    truth, masks = np.zeros((2, 12, 60), dtype=np.uint32)
    for track, x in ((1, 0), (2, 7), (3, 16), (4, 24), (11, 32), (12, 39), (13, 46)):
        truth[2:9, x : x + 6] = track
    masks[1:10, 0:14], masks[2:9, 16:19], masks[2:9, 24:30], masks[2:9, 32:53] = 5, 6, 7, 8
    return masks, truth


def test_a_mask_that_holds_exactly_two_cells_is_told():
    mask, tracks = held_tracks(*two_in_one())
    assert mask.tolist() == [5]
    assert tracks.tolist() == [[1, 2]]


def test_half_of_a_second_cell_is_not_held():
    masks, truth = two_in_one()
    masks[:, 10:14] = 0  # three of six columns of cell 2 are left
    assert len(held_tracks(masks, truth)[0]) == 0
    masks[:, 10] = 5
    masks[0, 10] = masks[11, 10] = 0
    assert held_tracks(masks, truth)[0].tolist() == [5]


def test_nothing_held_without_masks_or_cells():
    masks, truth = two_in_one()
    for pair in ((np.zeros_like(masks), truth), (masks, np.zeros_like(truth)), (masks[:0], truth[:0])):
        mask, tracks = held_tracks(*pair)
        assert mask.shape == (0,)
        assert tracks.shape == (0, 2)


def test_a_mask_of_two_cells_becomes_two_balls_of_its_label():
    masks, truth = two_in_one()
    balls = balls_in(masks, truth, Scale((1.0, 1.0)), 2.0)
    assert set(np.unique(balls)) == {0, 5, 7, 8}, "cell 3 is half covered only"
    covered = [int(np.count_nonzero((balls > 0) & (truth == track))) for track in (1, 2, 3, 4, 11, 12, 13)]
    assert covered == pytest.approx([13, 13, 0, 13, 13, 13, 13], abs=3)
    assert np.array_equal(np.unique(balls[truth == 1]), [0, 5])
    assert np.array_equal(np.unique(balls[truth == 2]), [0, 5])
    assert not balls_in(np.zeros_like(masks), truth, Scale((1.0, 1.0)), 2.0).any()
