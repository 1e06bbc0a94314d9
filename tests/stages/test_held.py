"""Small frames are read once, large ones box by box."""

from __future__ import annotations

import numpy as np

from samtrack.blocks import whole_box
from samtrack.stages.held import held
from samtrack.types import Box


def test_a_small_frame_is_read_once_and_a_large_one_never_whole():
    asked = []

    def read(box):
        asked.append(box)
        return np.arange(12).reshape(3, 4)[box.slices]

    once = held(read, (3, 4))
    assert np.array_equal(once(Box((1, 0), (3, 2))), [[4, 5], [8, 9]])
    assert np.array_equal(once(Box((0, 3), (1, 4))), [[3]])
    assert asked == [whole_box((3, 4))]
    assert held(read, (5000, 5000)) is read
