"""Slabs are the voxels of a box in scan order, boxes tile it; both are small enough."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.blocks import layer_planes, plan_boxes, plan_slabs, slabs, whole_box
from samtrack.errors import PlanError
from samtrack.types import Box

shapes = st.lists(st.integers(1, 9), min_size=2, max_size=3).map(tuple)


@given(shape=shapes, most=st.integers(1, 400), data=st.data())
def test_slabs_are_the_voxels_in_scan_order(shape, most, data):
    start = tuple(data.draw(st.integers(0, n - 1)) for n in shape)
    box = Box(start, shape)
    places = np.arange(np.prod(shape)).reshape(shape)
    parts = plan_slabs(box, most)
    found = np.concatenate([places[part.slices].ravel() for part in parts])
    np.testing.assert_array_equal(found, places[box.slices].ravel())
    assert max(np.prod(part.shape) for part in parts) <= max(most, box.shape[-1])


@given(shape=shapes, most=st.integers(1, 400), multiple=st.integers(1, 4))
def test_slabs_begin_at_multiples_where_these_fit(shape, most, multiple):
    inner = int(np.prod(shape[1:]))
    parts = plan_slabs(whole_box(shape), most, multiple)
    if most >= inner * multiple:
        assert all(part.start[0] % multiple == 0 for part in parts)


@given(shape=shapes, most=st.integers(1, 400))
def test_boxes_tile(shape, most):
    count = np.zeros(shape, dtype=int)
    for part in plan_boxes(whole_box(shape), most):
        count[part.slices] += 1
        assert np.prod(part.shape) <= most
    assert (count == 1).all()


def test_large_boxes_are_as_flat_as_a_layer():
    assert plan_boxes(whole_box((64, 512, 512)))[0].shape == (16, 256, 256)
    assert plan_boxes(whole_box((10, 300, 300)))[0].shape == (10, 300, 300)


def test_nothing_and_nonsense():
    assert plan_slabs(Box((2, 3), (2, 9))) == []
    assert plan_boxes(Box((2, 3), (2, 9))) == []
    with pytest.raises(PlanError, match="slabs of 0"):
        plan_slabs(Box((0, 0), (2, 9)), 0)


def test_layers():
    assert layer_planes((64, 256, 256)) == 64, "small enough to be one"
    assert layer_planes((64, 512, 512)) == slabs.LAYER_PLANES
    assert layer_planes((64, 1024, 2048)) == 2
    assert layer_planes((64, 4096, 4096)) == 1
    assert layer_planes((5000, 4000)) == 5000, "a picture is one layer"
