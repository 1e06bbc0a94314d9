"""The working grid."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samtrack.segment.grid import Grid, block_mean, interpolate
from samtrack.types import Box, Scale


@given(st.integers(1, 20), st.integers(1, 20), st.integers(1, 5), st.integers(1, 5))
def test_block_mean_is_the_mean_of_each_block(ny, nx, fy, fx):
    image = np.random.default_rng(ny * 100 + nx).integers(0, 4096, (ny, nx)).astype(np.float32)
    means = block_mean(image, (fy, fx))
    assert means.shape == (-(-ny // fy), -(-nx // fx))
    if ny >= fy and nx >= fx:
        np.testing.assert_allclose(means[0, 0], image[:fy, :fx].mean(), rtol=1e-5)


def test_blocks_at_the_end_repeat_the_last_voxels():
    np.testing.assert_array_equal(block_mean(np.array([[1.0, 2.0, 5.0]], np.float32), (1, 2)), [[1.5, 5.0]])


def test_interpolation_is_linear_between_and_flat_outside():
    coarse = np.array([[0.0, 10.0, 30.0]], np.float32)
    fine = interpolate(coarse, (0.0, 2.0), (1.0, 4.0), Box((0, 0), (2, 14)))
    np.testing.assert_allclose(fine[0], [0, 0, 0, 2.5, 5, 7.5, 10, 15, 20, 25, 30, 30, 30, 30])
    np.testing.assert_array_equal(fine[0], fine[1])


@given(st.integers(0, 30), st.integers(31, 60))
def test_a_part_is_interpolated_as_the_whole(start, stop):
    coarse = np.random.default_rng(0).normal(size=(7,)).astype(np.float32)[None]
    whole = interpolate(coarse, (0.0, 3.3), (1.0, 7.7), Box((0, 0), (1, 60)))
    np.testing.assert_array_equal(
        interpolate(coarse, (0.0, 3.3), (1.0, 7.7), Box((0, start), (1, stop))), whole[:, start:stop]
    )


def test_large_cells_are_worked_on_coarsely_and_flat_axes_are_not():
    grid = Grid.of(Scale((5.0, 0.5, 0.5)), 20.0)
    assert grid.factors == (1, 4, 4)
    assert grid.cell_px == (4.0, 10.0, 10.0)
    assert Grid.of(Scale((1.0, 1.0)), 6.0).factors == (1, 1)


@given(st.integers(0, 50), st.integers(51, 100), st.integers(2, 9))
def test_aligned_boxes_hold_whole_working_voxels(start, stop, factor):
    grid = Grid((factor, factor), (16.0, 16.0), 200.0)
    box = grid.aligned(Box((start, start), (stop, stop)), (100, 100))
    assert box.start[0] % factor == 0
    assert box.start[0] <= start
    assert box.stop[0] >= stop
    assert box.stop[0] % factor == 0 or box.stop[0] == 100
    assert grid.shrunk(box).shape[0] == -(-box.shape[0] // factor)


def test_expand_undoes_the_blocks():
    grid = Grid((2, 3), (16.0, 16.0), 200.0)
    labels = grid.expand(np.array([[1, 2], [3, 4]]), (3, 5))
    np.testing.assert_array_equal(labels, [[1, 1, 1, 2, 2], [1, 1, 1, 2, 2], [3, 3, 3, 4, 4]])
