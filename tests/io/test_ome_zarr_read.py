"""Metadata of foreign OME-Zarr images: scale of the pyramid as a whole, broken groups."""

import numpy as np
import pytest
import zarr

from samtrack.errors import DataError
from samtrack.io.ome_zarr_read import ZarrImage

AXES = [
    {"name": "t", "type": "time", "unit": "minute"},
    {"name": "y", "type": "space", "unit": "nanometer"},
    {"name": "x", "type": "space", "unit": "nanometer"},
]


def write(path, multiscale, data=None):
    group = zarr.open_group(
        path, mode="w", zarr_format=3, attributes={"ome": {"version": "0.5", "multiscales": [multiscale]}}
    )
    group.create_array("s0", data=np.zeros((2, 8, 9), "uint16") if data is None else data)
    return path


def test_the_scale_of_the_whole_pyramid_counts_too(tmp_path):
    """Time is often given for all levels at once, space per level."""
    scale = {"type": "scale", "scale": [1.0, 250.0, 300.0]}
    shift = {"type": "translation", "translation": [0.0, 9.0, 9.0]}
    multiscale = {
        "axes": AXES,
        "datasets": [{"path": "s0", "coordinateTransformations": [scale, shift]}],
        "coordinateTransformations": [{"type": "scale", "scale": [7.5, 1.0, 2.0]}],
    }
    found = ZarrImage(write(tmp_path / "a.zarr", multiscale)).found_scale
    assert found.um == pytest.approx({"y": 0.25, "x": 0.6})
    assert found.minutes == 7.5


def test_metadata_that_name_no_array_are_refused(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        ZarrImage(write(tmp_path / "a.zarr", {"axes": AXES, "datasets": [{"path": "missing"}]}))
    with pytest.raises(DataError, match="expected an array of 3 axes"):
        ZarrImage(write(tmp_path / "b.zarr", {"axes": AXES, "datasets": [{"path": "s0"}]}, np.zeros((8, 9), "uint16")))


def test_metadata_that_are_no_json_are_refused(tmp_path):
    path = write(tmp_path / "a.zarr", {"axes": AXES, "datasets": [{"path": "s0"}]})
    (path / "zarr.json").write_text('{"zarr_format": 3, ')
    with pytest.raises(DataError, match=r"a.zarr: cannot be read"):
        ZarrImage(path)
