"""Points check themselves and cannot be changed."""

import numpy as np
import pytest

from samtrack.types import Points


def test_points_are_frozen_and_belong_together():
    points = Points([3, 1], [[0, 1, 2], [3, 4, 5]])
    assert len(points) == 2
    assert points.position_um.dtype == np.float64
    with pytest.raises(ValueError, match="read-only"):
        points.position_um[0] = 9


@pytest.mark.parametrize(("label", "place"), [([1], [[0, 0], [1, 1]]), ([1], [[np.nan, 0]]), ([1, 2], [0, 1])])
def test_what_is_no_place_is_refused(label, place):
    with pytest.raises(ValueError, match="positions"):
        Points(label, place)
