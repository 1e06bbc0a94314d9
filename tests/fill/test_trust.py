"""A network counts as far as it finds what is known on the other side of a gap better than a mask left in place does."""

from itertools import pairwise

import numpy as np
import pytest

from samtrack.fill.shape import Observation
from samtrack.fill.trust import LEAST_SHARE, MIDDLE_LEAD, MOST_SHARE, Crossing, overlap_in_place, shape_share
from samtrack.types import Box


def square(y, x, side=8):
    return Observation(np.ones((side, side), bool), Box((y, x), (y + side, x + side)), np.array([y, x]) + side / 2)


def crossing(iou):
    found, true = np.zeros(1000, bool), np.ones(1000, bool)
    found[: round(1000 * iou)] = True
    result = Crossing()
    result.add(found, true)
    return result


@pytest.mark.parametrize(("away", "iou"), [(0, 1.0), (4, 1 / 3), (8, 0.0), (50, 0.0)])
def test_masks_overlap_as_they_lie(away, iou):
    assert overlap_in_place(square(3, 5), square(3, 5 + away)) == pytest.approx(iou)
    assert overlap_in_place(square(3 + away, 5), square(3, 5)) == pytest.approx(iou)


def test_masks_of_several_slices_and_sides_count_by_their_voxels():
    both = Crossing()
    both.add(np.array([True, True, False]), np.array([True, False, False]))
    both.add(np.ones(6, bool), np.ones(6, bool))
    assert (both.both, both.either) == (7, 8)


def test_the_shape_counts_less_the_better_the_network_is_than_staying():
    moved = (square(3, 5), square(3, 9))  # left in place: IoU 1/3
    shares = [shape_share(crossing(iou), moved) for iou in (0.0, 0.2, 1 / 3, 0.6, 0.8, 1.0)]
    assert all(a > b for a, b in pairwise(shares))
    assert LEAST_SHARE < shares[-1] < LEAST_SHARE + 0.05
    assert MOST_SHARE - 0.05 < shares[0] < MOST_SHARE
    assert shape_share(crossing(1 / 3 + MIDDLE_LEAD), moved) == pytest.approx((LEAST_SHARE + MOST_SHARE) / 2, abs=0.01)


def test_a_network_that_finds_nothing_there_leaves_the_cell_to_the_shape():
    assert shape_share(Crossing(), (square(3, 5), square(3, 5))) > MOST_SHARE - 0.01
