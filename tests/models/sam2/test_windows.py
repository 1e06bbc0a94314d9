"""Where windows lie on planes, by cases small enough to check by hand."""

import numpy as np
import pytest

from samtrack.models.sam2.windows import Lattice, cut, masks_in


def lattice(shape=(64, 64), zoom=(1.0, 1.0)):
    return Lattice(shape, zoom)


@pytest.mark.parametrize(
    ("shape", "zoom", "size"),
    [
        ((64, 48), (1.0, 1.0), (64, 48)),
        ((64, 48), (2.0, 2.0), (128, 96)),
        ((64, 48), (0.5, 0.5), (32, 24)),
        ((10, 10), (1.25, 3.0), (13, 30)),
        ((30, 30), (0.1, 0.1), (3, 3)),
        ((1, 1), (0.1, 0.1), (1, 1)),
    ],
)
def test_the_picture_covers_the_plane(shape, zoom, size):
    assert lattice(shape, zoom).size_px == size


@pytest.mark.parametrize(
    ("zoom", "centre", "side", "corner"),
    [
        ((1.0, 1.0), (31.5, 31.5), 2, (1, 1)),  # the plane's middle: two tokens on either side
        ((1.0, 1.0), (39.0, 31.5), 2, (1, 1)),  # half a token on is 40: 39.5 is nearer to 32 than to 48
        ((1.0, 1.0), (40.0, 31.5), 2, (2, 1)),
        ((1.0, 1.0), (23.5, 23.5), 3, (0, 0)),  # the middle of the second token: an odd window centres there
        ((2.0, 2.0), (15.5, 15.5), 2, (1, 1)),
        ((0.5, 0.5), (63.5, 63.5), 2, (1, 1)),
        ((2.0, 1.0), (15.5, 31.5), 2, (1, 1)),
        ((1.0, 1.0), (0.0, 0.0), 4, (-2, -2)),  # beyond the plane, where the engine moves it back
    ],
)
def test_a_window_is_nearest_to_its_place(zoom, centre, side, corner):
    found = lattice(zoom=zoom).corners(np.array([centre]), side)
    assert found.tolist() == [list(corner)]


def test_places_are_counted_from_the_corner_of_their_window():
    places = np.array([[[8.0, 8.0], [9.0, 12.5]], [[16.0, 16.0], [0.0, 0.0]]])
    found = lattice(zoom=(2.0, 1.0)).inside(places, np.array([[0, 0], [1, 1]]))
    assert found.tolist() == [[[17.0, 8.5], [19.0, 13.0]], [[17.0, 0.5], [-15.0, -15.5]]]


def test_samples_fall_on_the_voxels_below_them():
    rows, columns = lattice((4, 4), (16.0, 8.0)).samples(np.array([[1, 0]]), side=2, per_token=2)
    assert rows.tolist() == [[1, 1, 2, 2]]
    assert columns.tolist() == [[0, 1, 2, 3]]


def test_a_plane_that_is_shrunk_is_sampled_in_the_middle_of_its_cells():
    rows, _ = lattice((64, 64), (0.5, 0.5)).samples(np.array([[0, 0]]), side=2, per_token=16)
    assert rows[0].tolist() == list(range(1, 64, 2))


@pytest.mark.parametrize("corner", [(-1, 0), (0, -1), (3, 0), (0, 3)])
def test_samples_beyond_the_plane_are_marked(corner):
    axis, outside = (0, corner[0]) if corner[0] else (1, corner[1])
    found = lattice().samples(np.array([corner]), side=2, per_token=1)
    assert found[axis].tolist() == [[-1, 8] if outside < 0 else [56, -1]]
    assert found[1 - axis].tolist() == [[8, 24]]


@pytest.mark.parametrize("zoom", [(1.0, 1.0), (2.0, 2.0), (2.0, 1.0)])
def test_what_is_cut_at_sixteen_samples_is_the_plane_itself(zoom):
    plane = np.arange(64 * 64).reshape(64, 64) + 1
    found = cut(plane, lattice(zoom=zoom), np.array([[1, 1]]), side=2, per_token=16)[0]
    wanted = plane[int(16 / zoom[0]) : int(48 / zoom[0]), int(16 / zoom[1]) : int(48 / zoom[1])]
    assert np.array_equal(found, wanted.repeat(int(zoom[0]), axis=0).repeat(int(zoom[1]), axis=1))


def test_what_lies_beyond_the_plane_is_nothing():
    plane = np.ones((64, 64), dtype=np.int32)
    found = cut(plane, lattice(), np.array([[-1, 3], [0, 0]]), side=2, per_token=4)
    assert found[0].tolist() == [[0] * 8] * 4 + [[1] * 4 + [0] * 4] * 4
    assert (found[1] == 1).all()
    assert (plane == 1).all(), "the plane is only read"


def test_each_window_sees_its_own_label():
    plane = np.zeros((64, 64), dtype=np.uint16)
    plane[16:32, 16:32], plane[16:32, 32:48] = 7, 9
    found = masks_in(plane, np.array([7, 9, 7]), lattice(), np.array([[1, 1], [1, 1], [1, 3]]), side=2)
    assert found.shape == (3, 32, 32)
    assert [int(mask.sum()) for mask in found] == [256, 256, 0]
    assert found[0, :16, :16].all()
    assert found[1, :16, 16:].all()
