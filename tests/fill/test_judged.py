"""What a network drew is the cell only if it is where the cell must be and as large."""

import numpy as np
import pytest

from samtrack.fill.gaps import Draft, Missing
from samtrack.fill.judged import MOST, as_cell, shape_logits
from samtrack.fill.shape import Observation, depth_between
from samtrack.types import Box, Scale

SCALE = Scale((2.0, 1.0, 1.0))
BOX = Box((0, 0, 0), (16, 40, 40))


@pytest.fixture
def draft(make):
    ball = make.ball(BOX.shape, (16, 20, 20), 5, SCALE)
    seen = Observation(ball, BOX, np.array([16.0, 20, 20]))
    missing = Missing(1, 1, 0, 1, (0, 2), 0.5, BOX)
    depth = depth_between(seen, seen, 0.5, BOX, SCALE).astype(np.float32)
    return Draft(missing, (seen, seen), BOX, depth, depth > 0, int(ball.sum()))


def test_the_shape_as_logits_is_positive_inside_and_bounded(draft):
    logits = shape_logits(draft, SCALE)
    np.testing.assert_array_equal(logits > 0, draft.depth > 0)
    assert logits.min() == -MOST
    between = np.abs(logits) < MOST
    radius = (3 * draft.n_drawn * 2 / (4 * np.pi)) ** (1 / 3)
    np.testing.assert_allclose(logits[between], draft.depth[between] / (0.15 * radius), rtol=1e-4)


@pytest.mark.parametrize(
    ("centre", "radius", "is_cell"),
    [((16, 20, 20), 5, True), ((16, 22, 21), 5, True), ((16, 20, 20), 3.5, False), ((16, 20, 20), 7, False)],
)
def test_size_decides(draft, make, centre, radius, is_cell):
    mask = make.ball(BOX.shape, centre, radius, SCALE)
    found = as_cell(np.where(mask, 3, -3).astype(np.float32), draft, SCALE)
    assert (found is not None) == is_cell
    if found is not None:
        np.testing.assert_array_equal(found > 0, mask)


def test_only_the_part_at_the_place_counts(draft, make):
    near, far = make.ball(BOX.shape, (16, 20, 20), 5, SCALE), make.ball(BOX.shape, (16, 34, 34), 4, SCALE)
    found = as_cell(np.where(near | far, 3, -3).astype(np.float32), draft, SCALE)
    np.testing.assert_array_equal(found > 0, near)
    assert (
        as_cell(np.where(make.ball(BOX.shape, (16, 30, 28), 5, SCALE), 3, -3).astype(np.float32), draft, SCALE) is None
    )
    assert as_cell(np.full(BOX.shape, -1, np.float32), draft, SCALE) is None
