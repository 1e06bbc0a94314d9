"""One shape between two observations: where it lies, how large it is, and what it looks like."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.fill.shape import Observation, canvas_between, depth_between
from samtrack.types import Box, Scale


def observe(mask, scale):
    where = np.argwhere(mask)
    box = Box(tuple(where.min(0)), tuple(where.max(0) + 1))
    return Observation(mask[box.slices], box, where.mean(0) * scale.voxel_um)


def shape_between(first, second, weight, scale):
    """The mask between two observations, in a frame that begins at the canvas; and the canvas."""
    boxes, centroids = (first.box, second.box), (first.centroid_um, second.centroid_um)
    canvas = canvas_between(boxes, centroids, weight, scale)
    return depth_between(first, second, weight, canvas, scale) > 0, canvas


def centre_of(mask, canvas, scale):
    return (np.argwhere(mask).mean(0) + canvas.start) * scale.voxel_um


def test_a_still_shape_stays_what_it_is(make):
    scale = Scale((1.0, 1.0))
    seen = observe(make.ball((30, 30), (14, 15), (5, 8)), scale)
    mask, canvas = shape_between(seen, seen, 0.4, scale)
    back = np.zeros((30, 30), bool)
    back[canvas.slices] = mask
    assert np.array_equal(back, make.ball((30, 30), (14, 15), (5, 8)))


@pytest.mark.parametrize("weight", [0.25, 0.5, 0.75])
def test_the_centre_lies_on_the_straight_path(make, weight):
    scale = Scale((1.0, 1.0))
    first, second = (observe(make.ball((60, 60), c, 6), scale) for c in ((12, 10), (25, 41)))
    mask, canvas = shape_between(first, second, weight, scale)
    expected = (1 - weight) * first.centroid_um + weight * second.centroid_um
    assert np.abs(centre_of(mask, canvas, scale) - expected).max() < 0.3


def test_weight_is_nearness_in_time(make):
    """A small cell that grows: near the first observation it is small, near the second large."""
    scale = Scale((1.0, 1.0))
    first, second = (observe(make.ball((40, 40), (20, 20), r), scale) for r in (4, 10))
    small, large = first.mask.sum(), second.mask.sum()
    for weight in (0.25, 0.75):
        mask, _ = shape_between(first, second, weight, scale)
        assert mask.sum() == pytest.approx((1 - weight) * small + weight * large, rel=0.1)


def test_two_crossed_ellipses_keep_their_size(make):
    """The average of the distances alone would leave about their intersection."""
    scale = Scale((1.0, 1.0))
    first, second = (observe(make.ball((50, 50), (25, 25), r), scale) for r in ((5, 15), (15, 5)))
    mask, _ = shape_between(first, second, 0.5, scale)
    common = np.count_nonzero(make.ball((50, 50), (25, 25), (5, 15)) & make.ball((50, 50), (25, 25), (15, 5)))
    assert mask.sum() == pytest.approx(first.mask.sum(), rel=0.1)
    assert mask.sum() > 1.5 * common


def test_half_a_voxel_is_kept_by_interpolation(make):
    """Between centres at 10 and 11 lies 10.5: the mask is symmetric about it."""
    scale = Scale((1.0, 1.0))
    first, second = (observe(make.ball((30, 30), (c, 15), 5.3), scale) for c in (10, 11))
    mask, canvas = shape_between(first, second, 0.5, scale)
    assert centre_of(mask, canvas, scale)[0] == pytest.approx(10.5, abs=1e-6)


def test_anisotropic_voxels_are_measured_in_micrometres(make):
    """A ball in micrometres, seen through voxels three times as deep as wide, stays a ball."""
    scale = Scale((3.0, 1.0, 1.0))
    shape = (14, 40, 40)
    first, second = (observe(make.ball(shape, c, 8, scale), scale) for c in ((15, 15, 15), (24, 21, 18)))
    mask, canvas = shape_between(first, second, 0.5, scale)
    true = make.ball(shape, (19.5, 18, 16.5), 8, scale)
    back = np.zeros(shape, bool)
    back[canvas.slices] = mask
    assert make.overlap(back, true) > 0.85


def test_depth_is_in_micrometres_along_every_axis():
    """A wide bar five voxels high: depth grows by the voxel's height, inside and outside."""
    scale = Scale((3.0, 1.0))
    mask = np.zeros((20, 60), bool)
    mask[6:11, 5:55] = True
    seen = observe(mask, scale)
    canvas = canvas_between((seen.box, seen.box), (seen.centroid_um, seen.centroid_um), 0.5, scale)
    depth = depth_between(seen, seen, 0.5, canvas, scale)
    row = 6 - canvas.start[0]
    middle = depth[:, depth.shape[1] // 2]
    assert middle[row + 1] - middle[row] == pytest.approx(3)
    assert middle[row - 1] - middle[row - 2] == pytest.approx(3)
    assert depth[row, 1] - depth[row, 0] == pytest.approx(1)


@given(st.integers(0, 10**6), st.floats(0.05, 0.95))
def test_time_reversed_gives_the_same_shape(seed, weight):
    rng = np.random.default_rng(seed)
    scale = Scale((1.0, 2.0))
    masks = []
    for _ in range(2):
        mask = np.zeros((20, 20), bool)
        y, x = rng.integers(0, 12, 2)
        mask[y : y + rng.integers(1, 8), x : x + rng.integers(1, 8)] = True
        masks.append(observe(mask, scale))
    canvas = canvas_between((masks[0].box, masks[1].box), (masks[0].centroid_um, masks[1].centroid_um), weight, scale)
    forward = depth_between(*masks, weight, canvas, scale)
    backward = depth_between(*masks[::-1], 1 - weight, canvas, scale)
    change = forward - backward
    assert np.ptp(change) < 1e-9, "the same depth everywhere, but for the level at which it is cut"
    size = (1 - weight) * np.count_nonzero(masks[0].mask) + weight * np.count_nonzero(masks[1].mask)
    if abs(size % 1 - 0.5) > 1e-6:  # else rounding may ask for a voxel more or less
        assert abs(change).max() < 1e-9
        assert ((forward > 0) == (backward > 0)).all()
    assert (forward > 0).any()


@pytest.mark.parametrize("lengths", [(7, 5), (5, 1), (6, 6)])
def test_bars_one_voxel_high_do_not_vanish(lengths):
    """All voxels of such a shape are equally deep, so no level has exactly as many above it as are wanted."""
    scale, seen = Scale((1.0, 2.0)), []
    for length in lengths:
        mask = np.zeros((20, 20), bool)
        mask[8, 3 : 3 + length] = True
        seen.append(observe(mask, scale))
    mask, _ = shape_between(*seen, 0.5, scale)
    assert mask.any(axis=1).sum() == 1
    assert min(lengths) <= mask.sum() <= max(lengths)


def test_the_shape_lies_well_inside_its_canvas(make):
    scale = Scale((1.0, 1.0))
    first, second = (observe(make.ball((60, 60), c, r), scale) for c, r in (((12.3, 10.1), 3), ((25.6, 41.2), 9)))
    mask, _ = shape_between(first, second, 0.5, scale)
    rim = mask.copy()
    rim[1:-1, 1:-1] = False
    assert mask.any()
    assert not rim.any()
