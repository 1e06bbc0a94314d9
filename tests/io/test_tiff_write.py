from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.errors import DataError
from samtrack.io.metadata import found_in_tiff
from samtrack.io.tiff_write import write_tiff


@pytest.mark.parametrize("shape", [(7, 9), (4, 7, 9), (1, 7, 9)])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32"])
def test_what_is_written_is_read(tmp_path: Path, shape: tuple[int, ...], dtype: str) -> None:
    array = (np.random.default_rng(0).random(shape) * 250).astype(dtype)
    write_tiff(tmp_path / "a.tif", array, (2.0, 0.4, 0.5)[-len(shape) :], 15.0)
    write_tiff(tmp_path / "b.tif", array, (2.0, 0.4, 0.5)[-len(shape) :], 15.0)
    back = tifffile.imread(tmp_path / "a.tif")
    assert back.dtype == array.dtype
    np.testing.assert_array_equal(back.reshape(shape), array)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()


@pytest.mark.parametrize("um", [(0.4, 0.33), (2.5, 0.4, 0.33), (1.0, 0.5, 0.5)])
def test_the_voxel_size_comes_back(tmp_path: Path, um: tuple[float, ...]) -> None:
    write_tiff(tmp_path / "a.tif", np.ones((4,) * len(um), dtype=np.uint16), um, 15.0)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        found = found_in_tiff(tiff)
    assert {axis: found.um[axis] for axis in "zyx"[-len(um) :]} == pytest.approx(
        dict(zip("zyx"[-len(um) :], um, strict=True))
    )
    assert found.minutes == pytest.approx(15.0)


def test_what_is_no_frame_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"found an array of shape \(2, 2, 2, 2\)"):
        write_tiff(tmp_path / "a.tif", np.zeros((2, 2, 2, 2), dtype=np.uint8))
    with pytest.raises(DataError, match="3 voxel sizes for an array of 2 axes"):
        write_tiff(tmp_path / "a.tif", np.zeros((2, 2), dtype=np.uint8), (1.0, 1.0, 1.0))
