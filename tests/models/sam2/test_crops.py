"""Crops hold what is asked for and do not depend on who else asks; logits come back to the voxels they are of."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.models.sam2.crops import HALO_TOKENS, crops_around, logits_at, tiles_of
from samtrack.models.sam2.windows import Lattice
from samtrack.types import Box

SIDE, TILE = 8, 16


@given(
    place=st.tuples(st.floats(0, 1999), st.floats(0, 1499)),
    zoom=st.tuples(st.floats(0.3, 4), st.floats(0.3, 4)),
)
def test_a_crop_is_one_tile_that_holds_the_window_and_what_surrounds_it(place, zoom):
    lattice = Lattice((2000, 1500), zoom)
    if tiles_of(lattice, TILE) < 2:
        return
    (box,) = crops_around(np.array([place]), lattice, SIDE, TILE)
    assert box == box.clipped(lattice.shape)
    inner = Lattice((box.shape[0], box.shape[1]), zoom)
    assert tiles_of(inner, TILE) == 1
    middle = np.array(place) - box.start
    half_px = np.array(zoom) * middle
    for axis in (0, 1):
        least = (SIDE / 2 + HALO_TOKENS - 1) * 16  # half a token of rounding on either side
        at_rim = box.start[axis] == 0, box.stop[axis] == lattice.shape[axis]
        assert at_rim[0] or half_px[axis] >= least - zoom[axis]
        assert at_rim[1] or inner.size_px[axis] - half_px[axis] >= least - 2 * zoom[axis]


def test_a_crop_does_not_depend_on_who_else_asks():
    lattice = Lattice((2000, 2000), (1.0, 1.0))
    places = np.array([[300.0, 400], [1200, 900], [310, 405]])
    together = crops_around(places, lattice, SIDE, TILE)
    assert together == [crops_around(p[None], lattice, SIDE, TILE)[0] for p in places]
    assert together[0] == together[2], "neighbours share a crop"
    assert together[0] != together[1]


def test_where_crops_cost_more_the_whole_plane_is_encoded():
    lattice = Lattice((500, 500), (1.0, 1.0))
    n = tiles_of(lattice, TILE)
    places = np.stack(np.meshgrid(np.arange(60, 500, 80), np.arange(60, 500, 80)), axis=-1).reshape(-1, 2)
    assert len(places) > n
    assert set(crops_around(places, lattice, SIDE, TILE)) == {Box((0, 0), (500, 500))}
    small = Lattice((200, 200), (1.0, 1.0))
    assert crops_around(places[:1], small, SIDE, TILE) == [Box((0, 0), (200, 200))]


def test_tiles_overlap_by_their_halos():
    assert [tiles_of(Lattice((n, 256), (1.0, 1.0)), TILE) for n in (10, 256, 257, 448, 449)] == [1, 1, 2, 2, 3]


@pytest.mark.parametrize("zoom", [1.0, 2.5, 8.0])
def test_logits_that_rise_evenly_rise_evenly_on_the_voxels(zoom):
    lattice = Lattice((100, 100), (zoom, zoom))
    corner, shape = np.array([[1, 2], [0, 0]]), (7, 9)
    start = np.floor(corner * 16 / zoom).astype(int) - [2, 1]
    sample = np.arange(32)
    logits = np.stack([np.add.outer(sample * 2.0, sample), np.add.outer(sample, -sample)]).astype(np.float32)
    found = logits_at(logits, lattice, corner, start, shape, -99.0)
    for row, (by_y, by_x) in enumerate([(2, 1), (1, -1)]):
        y = ((start[row, 0] + np.arange(7) + 0.5) * zoom - 16 * corner[row, 0]) / 4 - 0.5
        x = ((start[row, 1] + np.arange(9) + 0.5) * zoom - 16 * corner[row, 1]) / 4 - 0.5
        is_in = ((y >= 0) & (y <= 31))[:, None] & ((x >= 0) & (x <= 31))
        assert is_in.any()
        np.testing.assert_allclose(found[row][is_in], np.add.outer(by_y * y, by_x * x)[is_in], atol=1e-3)
        is_out = ((y < -1) | (y > 32))[:, None] | ((x < -1) | (x > 32))
        assert (found[row][is_out] == -99).all()
