"""Frames read and painted in parts."""

import numpy as np
import pytest

from samtrack.blocks import ByLayer, Canvas, assembled, plan_slabs, slabs, whole_box
from samtrack.types import Box

SHAPE = (23, 6, 7)
VOLUME = np.arange(np.prod(SHAPE)).reshape(SHAPE)


@pytest.mark.parametrize("slab_voxels", [5, 42, 90, 500, 10_000])
def test_layers_are_read_once_and_give_the_same_voxels(monkeypatch, slab_voxels):
    monkeypatch.setattr(slabs, "LAYER_VOXELS", 42 * 4)
    asked = []

    def read(box):
        asked.append(box)
        return VOLUME[box.slices]

    by_layer = ByLayer(read, SHAPE)
    for box in plan_slabs(whole_box(SHAPE), slab_voxels):
        np.testing.assert_array_equal(by_layer(box), VOLUME[box.slices])
    assert sum(np.prod(box.shape) for box in asked) <= 2 * VOLUME.size
    if slab_voxels in (5, 42):
        assert [box.start[0] for box in asked] == [0, 4, 8, 12, 16, 20], "slabs lie in layers"


def test_parts_are_assembled(monkeypatch):
    monkeypatch.setattr(slabs, "SLAB_VOXELS", 10)
    box, asked = Box((3, 1, 2), (9, 6, 7)), []

    def read(part):
        asked.append(np.prod(part.shape))
        return VOLUME[part.slices]

    np.testing.assert_array_equal(assembled(box, read, np.int64), VOLUME[box.slices])
    assert max(asked) <= 10


def test_a_canvas_gives_copies():
    canvas = Canvas(np.zeros((4, 5), np.uint32))
    box = Box((1, 1), (3, 4))
    part = canvas.read(box)
    part[:] = 7
    assert not canvas.read(box).any()
    canvas.write(box, part)
    assert canvas.read(Box((0, 0), (4, 5))).sum() == 42
    assert canvas.shape == (4, 5)
