"""Tiles of a frame: the cores tile it, the halo stays inside it."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.blocks import plan_tiles
from samtrack.errors import PlanError

AXIS = st.tuples(st.integers(1, 24), st.integers(4, 30), st.integers(0, 6))  # voxels, tile, halo
FRAMES = st.lists(AXIS, min_size=2, max_size=3)


@given(FRAMES)
def test_cores_tile_the_frame_exactly_once(axes: list[tuple[int, int, int]]) -> None:
    shape, tile, halo = (tuple(values) for values in zip(*axes, strict=True))
    count = np.zeros(shape, dtype=int)
    tiles = plan_tiles(shape, tile, halo)
    for each in tiles:
        count[each.core.slices] += 1
    assert (count == 1).all()
    assert [each.index for each in tiles] == list(range(len(tiles)))


@given(FRAMES)
def test_reads_are_cores_grown_by_the_halo_inside_the_frame(axes: list[tuple[int, int, int]]) -> None:
    shape, tile, halo = (tuple(values) for values in zip(*axes, strict=True))
    for each in plan_tiles(shape, tile, halo):
        assert each.read.start == tuple(max(a - h, 0) for a, h in zip(each.core.start, halo, strict=True))
        assert each.read.stop == tuple(min(b + h, n) for b, h, n in zip(each.core.stop, halo, shape, strict=True))


@given(FRAMES)
def test_cores_are_even_and_no_larger_than_asked(
    axes: list[tuple[int, int, int]],
) -> None:
    shape, tile, halo = (tuple(values) for values in zip(*axes, strict=True))
    sizes = np.array([each.core.shape for each in plan_tiles(shape, tile, halo)])
    assert (sizes >= 1).all()
    assert (sizes <= np.array(tile)).all()
    assert (np.ptp(sizes, axis=0) <= 1).all()


def test_tiles_of_one_voxel() -> None:
    tiles = plan_tiles((2, 3), (1, 1), (0, 9))
    assert [tile.core.start for tile in tiles] == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2)]
    assert all(tile.core.shape == (1, 1) and tile.read.shape == (1, 3) for tile in tiles)


@pytest.mark.parametrize("wrong", [((4, 4), (2,), (0, 0)), ((4, 4), (0, 2), (0, 0)), ((4, 4), (2, 2), (-1, 0))])
def test_impossible_tiles_are_refused(wrong: tuple) -> None:
    with pytest.raises(PlanError, match="cannot cut a frame"):
        plan_tiles(*wrong)
