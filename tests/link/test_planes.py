"""Which planes of a cell are looked at: those that hold most of it, and those half-way to its ends."""

import numpy as np
import pytest

from samtrack.blocks import slabs
from samtrack.link.planes import choose_planes, profile_of


@pytest.fixture
def volume():
    """Cell 1 is widest in plane 3 of planes 1 to 7; cell 2 is one plane thick."""
    numbers = np.zeros((10, 12, 14), dtype=np.int32)
    for z, width in zip(range(1, 8), (1, 2, 5, 4, 3, 2, 1), strict=True):
        numbers[z, 2:4, 3 : 3 + width] = 1
    numbers[5, 8:11, 2:8] = 2
    return numbers


def profile(volume, axis, n_cells=2):
    return profile_of(lambda box: volume[box.slices], volume.shape, n_cells, axis)


def planes(volume, which):
    return choose_planes({axis: profile(volume, axis) for axis in range(3)}, which)


def test_voxels_are_counted_plane_by_plane(volume, monkeypatch):
    monkeypatch.setattr(slabs, "SLAB_VOXELS", 1)  # one line at a time
    along_z = profile(volume, 0)
    assert along_z.count[0].tolist() == [0, 2, 4, 10, 8, 6, 4, 2, 0, 0]
    assert along_z.count[1].tolist() == [0, 0, 0, 0, 0, 18, 0, 0, 0, 0]
    np.testing.assert_allclose(along_z.sums[0, 3] / 10, [2.5, 5.0])
    across_x = profile(volume, 2)
    assert across_x.count[1].tolist() == [0, 0, 3, 3, 3, 3, 3, 3, 0, 0, 0, 0, 0, 0]
    np.testing.assert_allclose(across_x.sums[1, 2] / 3, [5.0, 9.0])


def test_the_largest_plane(volume):
    chosen = planes(volume, "largest")
    assert chosen.index.tolist() == [[3], [5]]
    assert chosen.is_real.all()
    np.testing.assert_allclose(chosen.centre[:, 0], [[2.5, 5.0], [9.0, 4.5]])


def test_three_planes_and_one_where_there_is_one(volume):
    chosen = planes(volume, "three")
    assert chosen.axis == (0, 0, 0)
    assert chosen.index.tolist() == [[3, 2, 5], [5, 5, 5]]
    assert chosen.is_real.tolist() == [[True, True, True], [True, False, False]]


def test_orthogonal_planes(volume):
    chosen = planes(volume, "orthogonal")
    assert chosen.axis == (0, 1, 2)
    assert chosen.index[0].tolist() == [3, 2, 3]
    np.testing.assert_allclose(chosen.centre[0, 2], [4.0, 2.5])  # z and y within the plane across x
    assert chosen.is_real.all()


def test_a_plane_half_way_that_holds_nothing_of_a_torn_cell_is_not_looked_at():
    numbers = np.zeros((9, 4, 4), dtype=np.int32)
    numbers[0, :3] = numbers[8, 0] = 1
    chosen = choose_planes({0: profile(numbers, 0, 1)}, "three")
    assert chosen.index.tolist() == [[0, 0, 4]]
    assert chosen.is_real.tolist() == [[True, False, False]]


def test_a_frame_without_cells():
    numbers = np.zeros((3, 4, 4), dtype=np.int32)
    for which in ("largest", "three", "orthogonal"):
        chosen = choose_planes({axis: profile(numbers, axis, 0) for axis in range(3)}, which)
        assert chosen.index.shape == (0, len(chosen.axis))
