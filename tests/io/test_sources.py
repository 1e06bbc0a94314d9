"""Sources: what lies at a path, and that a frame's parts come from one opening of its file."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tifffile
import zarr

from samtrack.config.ingest import IngestSettings
from samtrack.errors import DataError
from samtrack.io.sources import TiffFolder, TiffMovie, count_numbers, kind_of, open_source
from samtrack.types import Box

PLAIN = IngestSettings()


def test_kinds_of_paths(tmp_path):
    zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
    zarr.open_group(tmp_path / "b.zarr", mode="w", zarr_format=3)
    (tmp_path / "folder.zarr").mkdir()
    (tmp_path / "movie.tif").touch()
    kinds = [kind_of(tmp_path / name) for name in ("a.zarr", "b.zarr", "folder.zarr", "movie.tif")]
    assert kinds == ["zarr", "zarr", "folder", "file"]
    with pytest.raises(DataError, match="does not exist"):
        kind_of(tmp_path / "typo")


def test_threads_may_read_one_file_at_once(tmp_path):
    data = np.random.default_rng(0).integers(0, 9000, (12, 6, 50, 60)).astype("uint16")
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, data, ome=True, metadata={"axes": "TZYX"}, compression="zlib", photometric="minisblack")
    movie = TiffMovie(path, PLAIN)
    box = Box((1, 3, 5), (5, 40, 60))
    with ThreadPoolExecutor(4) as pool:
        read = list(pool.map(lambda t: next(movie.read_parts(t, iter([box]))), list(range(12)) * 4))
    movie.close()
    for i, part in enumerate(read):
        np.testing.assert_array_equal(part, data[i % 12][box.slices])


def test_parts_of_a_frame_come_in_order(write_movie):
    data = np.arange(5 * 8 * 9, dtype="uint16").reshape(5, 8, 9)
    folder = open_source(write_movie([data], first=3), PLAIN)
    assert isinstance(folder, TiffFolder)
    boxes = [Box((z, 0, 0), (z + 1, 8, 9)) for z in range(5)]
    np.testing.assert_array_equal(np.concatenate(list(folder.read_parts(3, iter(boxes)))), data)


@pytest.mark.parametrize(
    ("options", "rows"), [({}, 1), ({"rowsperstrip": 8, "compression": "zlib"}, 8), ({"tile": (16, 16)}, 16)]
)
def test_rows_that_are_decoded_together(write_movie, options, rows):
    assert open_source(write_movie([np.zeros((64, 48), "uint16")], **options), PLAIN).native_thickness == rows


def test_numbers_are_those_of_the_files(write_movie, tmp_path):
    folder = write_movie([np.zeros((8, 8), "uint8")] * 3, first=7)
    assert count_numbers(folder, PLAIN) == (7, 8, 9)
    tifffile.imwrite(tmp_path / "m.tif", np.zeros((5, 8, 8), "uint8"), photometric="minisblack")
    assert count_numbers(tmp_path / "m.tif", PLAIN) == (0, 1, 2, 3, 4)
