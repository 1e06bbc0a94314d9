"""Given labels are checked and passed on."""

import numpy as np
import pytest

from samtrack.config.segment import GivenSettings, SeedsSettings
from samtrack.errors import DataError, SettingsError
from samtrack.segment import build_segmenter, segment_frame
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.types import ArrayFrames, Scale

FLAT = Scale((1.0, 1.0))


def passed(labels):
    return segment_frame(build_segmenter(GivenSettings(), None, FLAT), ArrayFrames([labels], FLAT), 0)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.uint16, np.int64, np.uint64, np.float32])
def test_values_are_kept(dtype):
    labels = np.array([[0, 7, 7], [120, 0, 3]]).astype(dtype)
    result = passed(labels)
    assert result.dtype == np.uint32
    np.testing.assert_array_equal(result, labels)


def test_booleans_are_one_cell():
    np.testing.assert_array_equal(passed(np.array([[True, False]])), [[1, 0]])


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.array([[0, -3]]), "hold -3, expected labels >= 0"),
        (np.array([[0.0, 1.5]]), "hold 1.5, expected whole numbers"),
        (np.array([[0.0, np.nan]]), "hold nan, expected whole numbers"),
        (np.array([[0, 2**33]]), "hold 8589934592, the largest label"),
        (np.array([[0, 1j]]), "of type complex128, expected integers"),
    ],
)
def test_what_is_no_label_image_is_told(labels, message):
    with pytest.raises(DataError, match=message) as told:
        passed(labels)
    assert "frame 0" in str(told.value)


def test_build_chooses_by_method():
    segmenter = build_segmenter(SeedsSettings(), 12.0, FLAT)
    assert isinstance(segmenter, SeedsSegmenter)
    assert segmenter.tiling.halo[0] > 3 * 12


@pytest.mark.parametrize("diameter_um", [None, 0.0, -1.0, float("nan")])
def test_seeds_need_a_diameter(diameter_um):
    with pytest.raises(SettingsError, match=f"diameter of a cell is {diameter_um}"):
        build_segmenter(SeedsSettings(), diameter_um, FLAT)
