"""What is carried from where to where: slices at one height, masks painted, windows that follow the cell."""

import numpy as np
import pytest

from samtrack.fill.carries import Carry, Side, View, carries_of, corners_alike, paint, place_of
from samtrack.fill.gaps import Draft, Missing
from samtrack.fill.shape import Observation
from samtrack.models.sam2.windows import Lattice
from samtrack.types import Box, Scale


def observed(mask, scale):
    where = np.argwhere(mask)
    box = Box(tuple(where.min(0)), tuple(where.max(0) + 1))
    return Observation(mask[box.slices], box, where.mean(0) * scale.voxel_um)


def draft_of(before, after, depth, weight=0.5, frames=(3, 5)):
    box = Box((0,) * depth.ndim, depth.shape)
    missing = Missing(1, 4, 0, 1, frames, weight, box)
    return Draft(missing, (before, after), box, depth, depth > 0, int((depth > 0).sum()))


def test_in_2d_each_side_is_carried_once(make):
    scale = Scale((2.0, 1.0))
    one, other = (make.ball((30, 40), centre, 6, scale) for centre in ((20, 12), (28, 20)))
    draft = draft_of(observed(one, scale), observed(other, scale), one.astype(np.float32), weight=0.25)
    np.testing.assert_allclose(place_of(draft, scale), (11, 14))
    first, last = carries_of(7, draft, scale)
    assert (first.weight, last.weight) == (0.75, 0.25)
    assert [c.source.frame for c in (first, last)] == [3, 5]
    assert all((c.draft, c.target.frame, c.source.plane, c.target.plane) == (7, 4, 0, 0) for c in (first, last))
    np.testing.assert_allclose(first.source.centre, (10, 12))
    np.testing.assert_allclose(last.source.centre, (14, 20))
    np.testing.assert_allclose(first.target.centre, (11, 14))
    assert [c.across.frame for c in (first, last)] == [5, 3]
    np.testing.assert_allclose(first.across.centre, last.source.centre)
    true, box = first.on_other_side((3, 2), (30, 40))
    whole = np.zeros((30, 40), bool)
    whole[box.slices] = true
    np.testing.assert_array_equal(whole, other)
    assert box == first.known.box.grown((3, 2), (30, 40))


def test_in_3d_slices_meet_at_one_height():
    scale = Scale((1.0, 1.0, 1.0))
    low, high = np.zeros((12, 9, 9), bool), np.zeros((12, 9, 9), bool)
    low[1:4, 3:6, 3:6] = True
    high[4:10, 3:6, 3:6] = True
    depth = np.full((12, 9, 9), -1.0, np.float32)
    depth[2:8, 4, 4] = 1
    carries = list(carries_of(0, draft_of(observed(low, scale), observed(high, scale), depth), scale))
    of = {side: [c for c in carries if c.source.frame == side] for side in (3, 5)}
    assert [c.target.plane for c in of[3]] == [c.target.plane for c in of[5]] == [2, 3, 4, 5, 6, 7]
    assert [c.source.plane for c in of[5]] == [4, 5, 6, 7, 8, 9]
    assert [c.source.plane for c in of[3]] == [1, 1, 2, 2, 3, 3]
    assert [c.across.plane for c in of[3]] == [4, 5, 6, 7, 8, 9]
    assert all(c.on_other_side((1, 1), (9, 9))[0].sum() == 9 for c in carries)


def test_masks_are_painted_where_they_lie_and_cut_at_the_view(make):
    scale = Scale((1.0, 1.0))
    masks = [make.ball((40, 40), centre, 4) for centre in ((10, 10), (20, 24))]
    side = Side(0, 0, np.zeros(2))
    known = [observed(mask, scale) for mask in masks]
    carries = [Carry(i, seen, seen, 1.0, side, side, side) for i, seen in enumerate(known)]
    box = Box((8, 8), (30, 24))
    painted = paint(View(0, 0, box), carries)
    np.testing.assert_array_equal(painted, (masks[0] + 2 * masks[1])[box.slices])


@pytest.mark.parametrize("move", [(0.0, 0.0), (7.0, -3.0), (33.3, 61.2)])
def test_a_cell_lies_alike_in_both_windows_to_half_a_token(move):
    lattice = Lattice((500, 500), (1.5, 0.7))
    there = np.array([[100.0, 120.0], [203.4, 33.0]])
    here = there + move
    corner = lattice.corners(there, 8)
    moved = corners_alike(lattice, there, corner, here)
    off = lattice.inside(here, moved) - lattice.inside(there, corner)
    assert np.abs(off).max() <= 8.0
    if move == (0.0, 0.0):
        np.testing.assert_array_equal(moved, corner)
