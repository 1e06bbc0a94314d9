"""Voxel size and frame interval: from the settings, from ImageJ and OME metadata, from nobody."""

import logging
from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.config.movie import MovieSettings
from samtrack.errors import DataError
from samtrack.io.metadata import FoundScale, build_scale, found_in_tiff, to_minutes, to_um

STACK = np.zeros((2, 3, 16, 16), np.uint8)


def found(path: Path, data=STACK, **options) -> FoundScale:
    tifffile.imwrite(path, data, photometric="minisblack", **options)
    with tifffile.TiffFile(path) as tif:
        return found_in_tiff(tif)


def scale(shape, found_scale=None, **movie):
    return build_scale(Path("m"), shape, found_scale or FoundScale(), MovieSettings(**movie))


def test_imagej_tells_voxel_and_interval(tmp_path):
    metadata = {"axes": "TZYX", "spacing": 2.0, "unit": "um", "finterval": 90.0}
    f = found(tmp_path / "a.tif", imagej=True, resolution=(2.5, 4.0), metadata=metadata)
    assert f.source == "ImageJ metadata"
    assert f.um == pytest.approx({"z": 2.0, "y": 0.25, "x": 0.4})
    assert f.minutes == pytest.approx(1.5)


@pytest.mark.parametrize(
    ("unit", "factor"), [("micron", 1), ("\\u00B5m", 1), ("nm", 1e-3), ("mm", 1e3), ("inch", 25400)]
)
def test_imagej_units(tmp_path, unit, factor):
    f = found(tmp_path / "a.tif", imagej=True, resolution=(2, 2), metadata={"axes": "TZYX", "unit": unit})
    assert f.um == pytest.approx({"z": factor, "y": factor / 2, "x": factor / 2})


def test_imagej_pixels_are_no_unit(tmp_path):
    assert not found(tmp_path / "a.tif", imagej=True, resolution=(2, 2), metadata={"axes": "TZYX", "unit": "pixel"}).um


def test_imagej_frames_per_second(tmp_path):
    f = found(tmp_path / "a.tif", imagej=True, metadata={"axes": "TZYX", "fps": 0.1})
    assert f.minutes == pytest.approx(10 / 60)


def test_ome_tells_voxel_and_interval(tmp_path):
    metadata = {
        "axes": "TZYX",
        "PhysicalSizeX": 300,
        "PhysicalSizeXUnit": "nm",
        "PhysicalSizeY": 0.4,
        "PhysicalSizeYUnit": "µm",
        "PhysicalSizeZ": 0.002,
        "PhysicalSizeZUnit": "mm",
        "TimeIncrement": 0.5,
        "TimeIncrementUnit": "h",
    }
    f = found(tmp_path / "a.tif", ome=True, metadata=metadata)
    assert f.source == "OME metadata"
    assert f.um == pytest.approx({"z": 2.0, "y": 0.4, "x": 0.3})
    assert f.minutes == 30


def test_plain_tiff_resolution_is_not_a_voxel_size(tmp_path):
    """72 dots per inch is what programs write when they know nothing."""
    assert found(tmp_path / "a.tif", resolution=(72, 72), resolutionunit="INCH") == FoundScale()


@pytest.mark.parametrize("value", [0, -1, float("nan"), float("inf")])
def test_values_that_are_no_size_are_not_found(value):
    assert to_um(value, "um") is None
    assert to_minutes(value, "s") is None


def test_settings_win_over_the_file_and_the_log_says_so(caplog):
    f = FoundScale("OME metadata", {"y": 0.3, "x": 0.3}, 5.0)
    with caplog.at_level(logging.INFO, "samtrack"):
        s = scale((10, 20), f, um_per_voxel=(0.65, 0.65))
    assert (s.um_per_voxel, s.minutes_per_frame, s.is_calibrated) == ((0.65, 0.65), 5.0, True)
    assert "a voxel is 0.65 x 0.65 µm (y, x), from movie.um_per_voxel" in caplog.text
    assert "frames are 5 min apart, from OME metadata" in caplog.text


def test_nobody_knows_the_scale(caplog):
    s = scale((10, 20))
    assert (s.um_per_voxel, s.minutes_per_frame, s.is_calibrated) == ((1.0, 1.0), 1.0, False)
    assert "1 µm is assumed, so all lengths are voxels" in caplog.text
    assert caplog.records[0].levelname == "WARNING"


def test_a_stack_whose_depth_is_unknown_is_not_calibrated(caplog):
    s = scale((5, 10, 20), FoundScale("OME metadata", {"y": 0.3, "x": 0.3}))
    assert not s.is_calibrated
    assert "OME metadata tell only y, x" in caplog.text


@pytest.mark.parametrize(("shape", "um"), [((5, 10, 20), (1, 1)), ((10, 20), (1, 1, 1))])
def test_a_scale_of_another_dimension_is_an_error(shape, um):
    n = len(shape)
    with pytest.raises(DataError, match=rf"has {len(um)} values, but the frames are {n}D.*another dataset\?"):
        scale(shape, um_per_voxel=um)
