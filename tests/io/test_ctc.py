"""Reading and writing CTC masks and tables."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from samtrack.errors import DataError
from samtrack.io.ctc import (
    list_foreign,
    list_masks,
    read_mask,
    read_result_table,
    read_shape,
    read_strict_table,
    write_mask,
    write_result_table,
)

ROW = st.tuples(st.integers(1, 65535), st.integers(0, 999), st.integers(0, 999), st.integers(0, 65535))


@given(rows=st.lists(ROW, max_size=20))
@settings(max_examples=30, deadline=None)
def test_a_table_comes_back_as_it_was_written(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("table") / "res_track.txt"
    write_result_table(path, rows)
    np.testing.assert_array_equal(read_strict_table(path), np.array(rows, dtype=np.int64).reshape(-1, 4))


def test_the_table_on_disk_is_the_ctcs_own_format(tmp_path):
    write_result_table(tmp_path / "t.txt", [[1, 0, 4, 0], [2, 5, 9, 1]])
    assert (tmp_path / "t.txt").read_bytes() == b"1 0 4 0\n2 5 9 1\n"


def test_windows_line_ends_and_a_missing_last_one_are_read(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(b"1 0 4 0\r\n2 5 9 1")
    np.testing.assert_array_equal(read_strict_table(path), [[1, 0, 4, 0], [2, 5, 9, 1]])


@pytest.mark.parametrize(
    "text", ["L B E P", "1 0 4", "1 0 4 0 7", "1 0 4.0 0", "", "1,0,4,0", "1 0 4 " + "9" * 30, "１ 0 4 0"]
)
def test_a_wrong_line_is_kept_with_its_number_and_refused_by_the_strict_reader(tmp_path, text):
    path = tmp_path / "t.txt"
    path.write_text(f"1 0 4 0\n{text}\n3 0 4 0\n", encoding="utf-8")
    lines = read_result_table(path)
    assert [line.number for line in lines] == [1, 2, 3]
    assert lines[1].text == text
    assert [line.values is None for line in lines] == [False, True, False]
    with pytest.raises(DataError, match="line 2"):
        read_strict_table(path)


def test_numbers_are_read_whatever_separates_them_and_negative_ones_too(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(b"1\t0  4 -1\n")
    (line,) = read_result_table(path)
    assert line == (1, "1\t0  4 -1", (1, 0, 4, -1))


def test_bytes_that_are_no_text_do_not_stop_the_tolerant_reader(tmp_path):
    path = tmp_path / "t.txt"
    path.write_bytes(b"\xff\xfe1 0\n1 0 4 0\n")
    assert [line.values for line in read_result_table(path)] == [None, (1, 0, 4, 0)]


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match="res_track"):
        read_result_table(tmp_path / "res_track.txt")


@pytest.mark.parametrize("shape", [(7, 9), (3, 7, 9), (1, 5)])
def test_a_mask_comes_back_as_it_was_written(tmp_path, shape):
    labels = np.random.default_rng(0).integers(0, 65536, shape).astype(np.uint16)
    write_mask(tmp_path / "mask000.tif", labels)
    again = read_mask(tmp_path / "mask000.tif")
    assert again.dtype == np.uint16
    np.testing.assert_array_equal(again, labels)
    assert read_shape(tmp_path / "mask000.tif") == shape


def test_a_mask_is_lzw_with_one_page_per_z_and_equal_bytes(tmp_path):
    labels = np.zeros((4, 6, 5), dtype=np.uint16)
    labels[1:3, 2:4, 1:3] = 65535
    write_mask(tmp_path / "a.tif", labels)
    write_mask(tmp_path / "b.tif", labels)
    assert (tmp_path / "a.tif").read_bytes() == (tmp_path / "b.tif").read_bytes()
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        assert len(tiff.pages) == 4
        assert {page.compression.name for page in tiff.pages} == {"LZW"}
        assert {(page.bitspersample, page.samplesperpixel) for page in tiff.pages} == {(16, 1)}
        assert "Software" not in tiff.pages[0].tags


def test_a_mask_of_another_type_is_not_written(tmp_path):
    with pytest.raises(ValueError, match="int32"):
        write_mask(tmp_path / "mask000.tif", np.zeros((4, 4), dtype=np.int32))
    assert not (tmp_path / "mask000.tif").exists()


def test_pages_that_no_metadata_ties_together_are_one_volume(tmp_path):
    planes = np.arange(3 * 4 * 5, dtype=np.uint16).reshape(3, 4, 5)
    with tifffile.TiffWriter(tmp_path / "mask000.tif") as tiff:
        for i, plane in enumerate(planes):
            tiff.write(plane, compression="lzw" if i == 1 else None, metadata=None)
    np.testing.assert_array_equal(read_mask(tmp_path / "mask000.tif"), planes)
    assert read_shape(tmp_path / "mask000.tif") == (3, 4, 5)


def test_masks_are_listed_by_frame_and_slice(tmp_path):
    names = ["man_seg_010_002.tif", "man_seg_002_010.tif", "man_seg_002_003.tif", "man_seg001.tif"]
    for name in [*names, "man_segX.tif", "mask000.tif", "man_seg.txt", "man_seg000.tiff"]:
        (tmp_path / name).touch()
    found = list_masks(tmp_path, "man_seg")
    assert [(m.frame, m.z, m.digits) for m in found] == [(1, None, 3), (2, 3, 3), (2, 10, 3), (10, 2, 3)]
    assert list_foreign(tmp_path, found) == ["man_seg000.tiff", "man_segX.tif", "mask000.tif"]


def test_frames_sort_by_number_not_by_name(tmp_path):
    for name in ["mask1000.tif", "mask999.tif"]:
        (tmp_path / name).touch()
    assert [m.frame for m in list_masks(tmp_path, "mask")] == [999, 1000]


def test_damaged_and_missing_files_are_named(tmp_path):
    (tmp_path / "mask000.tif").write_bytes(b"II*\x00 this is no TIFF")
    for read in (read_mask, read_shape):
        with pytest.raises(DataError, match=r"mask000\.tif"):
            read(tmp_path / "mask000.tif")
    with pytest.raises(DataError, match="no_such"):
        list_masks(tmp_path / "no_such", "mask")
