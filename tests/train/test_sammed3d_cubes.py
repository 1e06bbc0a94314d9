"""Cubes: the right cells at the right place, numbered anew, the same for any number of workers."""

from itertools import islice

import numpy as np

from samtrack.models.sammed3d.tiles import Tiles
from samtrack.train.sammed3d_cubes import Cube, drawn_corner, renumbered, simulated_cubes, simulated_stream


def test_cubes_show_cells_where_labels_say():
    cubes = simulated_cubes(2, 32, 13.0, 6)
    assert all(cube.image.shape == cube.labels.shape == (32, 32, 32) for cube in cubes)
    inside = [cube for cube in cubes if (cube.labels > 0).sum() > 500]
    assert len(inside) >= 3
    for cube in inside:
        assert cube.image[cube.labels > 0].mean() > cube.image[(cube.labels == 0) & (cube.image > 0)].mean()
        assert set(np.unique(cube.labels)) == set(range(cube.labels.max() + 1))


def test_the_stream_is_a_function_of_seed_and_place():
    some = list(islice(simulated_stream(1, 16, 7.0, 0), 20))
    others = list(islice(simulated_stream(1, 16, 7.0, 0, start=17), 3))
    assert all(isinstance(cube, Cube) for cube in some)
    for one, other in zip(some[17:], others, strict=True):
        np.testing.assert_array_equal(one.image, other.image)


def test_every_place_is_as_likely_as_any_other():
    tiles = Tiles((100, 100, 100), (1.0, 1.0, 1.0), 10)
    centres = np.array([[20, 20, 20], [80, 80, 80], [20, 80, 20.0]])
    rng = np.random.default_rng(0)
    middles = np.array([drawn_corner(tiles, centres, rng) + 5 for _ in range(600)])
    near = (np.abs(middles[:, None] - centres).max(axis=2) <= 5).mean(axis=0)
    assert np.allclose(near, 0.3, atol=0.07)


def test_labels_are_numbered_from_one():
    assert renumbered(np.array([[70_000, 0], [9, 9]])).tolist() == [[2, 0], [1, 1]]
    assert renumbered(np.array([5, 5, 7])).tolist() == [1, 1, 2]
