"""Frame numbers in file names: which group of digits, gaps, doubles, and masks beside images."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.errors import DataError
from samtrack.io.numbering import compact, list_numbered, match_frames, require_gapless


def touch(folder: Path, *names: str) -> Path:
    for name in names:
        (folder / name).touch()
    return folder


@pytest.mark.parametrize(
    ("names", "numbers"),
    [
        (["t000.tif", "t001.tif", "t002.tif"], (0, 1, 2)),
        (["t7.tif", "t8.tif", "t10.tif"], (7, 8, 10)),
        (["t0999.tif", "t1000.tif"], (999, 1000)),
        (["man_seg000.tif", "man_seg001.tif"], (0, 1)),
        (["mask004.TIF", "mask005.TIFF"], (4, 5)),
        (["000.tif", "001.tif"], (0, 1)),
        (["exp2_w1_t3.ome.tif", "exp2_w1_t4.ome.tif"], (3, 4)),
        (["t001_c2.tif", "t002_c2.tif"], (1, 2)),
        (["exp2_t5.tif"], (5,)),
    ],
)
def test_the_number_is_the_group_of_digits_that_differs(tmp_path, names, numbers):
    assert list_numbered(touch(tmp_path, *names)).numbers == numbers


def test_hidden_and_other_files_are_ignored_and_told(tmp_path, caplog):
    touch(tmp_path, "t000.tif", "t001.tif", "._t000.tif", ".DS_Store", "notes.txt", "man_track.txt")
    with caplog.at_level("INFO", "samtrack"):
        files = list_numbered(tmp_path)
    assert [p.name for p in files.paths.values()] == ["t000.tif", "t001.tif"]
    assert "2 entries are not TIFF files and are ignored (man_track.txt, notes.txt)" in caplog.text


def test_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"holds nothing\. Expected one numbered TIFF file per frame"):
        list_numbered(tmp_path)


def test_a_folder_of_other_files_names_some_of_them(tmp_path):
    with pytest.raises(DataError, match=r"no TIFF file, only 4 others \(a.png, b.png, c.png, …\)"):
        list_numbered(touch(tmp_path, "a.png", "b.png", "c.png", "d.png"))


def test_two_kinds_of_files_in_a_folder_are_an_error(tmp_path):
    with pytest.raises(DataError, match=r"files of 2 kinds: 2 like t000.tif; 1 like mask000.tif"):
        list_numbered(touch(tmp_path, "t000.tif", "t001.tif", "mask000.tif"))


def test_two_files_of_one_number_are_an_error(tmp_path):
    with pytest.raises(DataError, match=r"t001.tif and t1.tif have the same number 1\."):
        list_numbered(touch(tmp_path, "t1.tif", "t001.tif", "t002.tif"))


def test_two_varying_numbers_are_an_error(tmp_path):
    with pytest.raises(DataError, match=r"2 numbers differ .* \(man_seg_000_01.tif … man_seg_003_02.tif\)"):
        list_numbered(touch(tmp_path, "man_seg_000_01.tif", "man_seg_003_02.tif"))


def test_a_name_without_a_number_points_to_the_single_file(tmp_path):
    with pytest.raises(DataError, match=r"movie.tif holds no frame number.*give the path of the file itself"):
        list_numbered(touch(tmp_path, "movie.tif"))


def test_gaps_are_listed_in_ranges(tmp_path):
    files = list_numbered(touch(tmp_path, *(f"t{n:03d}.tif" for n in (2, 3, 7, 9))))
    assert files.missing == [4, 5, 6, 8]
    with pytest.raises(DataError, match=r"4 files are numbered 2 to 9, but 4 of them are missing: 4-6, 8\. "):
        require_gapless(files)


def test_a_gapless_folder_passes(tmp_path):
    require_gapless(list_numbered(touch(tmp_path, "t5.tif", "t6.tif")))


def test_many_ranges_are_cut_short():
    assert compact(range(0, 40, 2), shown=3) == "0, 2, 4 and 17 more ranges"


@given(st.sets(st.integers(0, 300), min_size=1))
def test_compact_ranges_tell_exactly_the_numbers(numbers):
    told = set()
    for part in compact(numbers, shown=1000).split(", "):
        first, _, last = part.partition("-")
        told |= set(range(int(first), int(last or first) + 1))
    assert told == numbers


def test_masks_match_by_number_or_in_order():
    assert match_frames([3, 4, 5], [3, 4, 5], "error", "masks") == [3, 4, 5]
    assert match_frames([0, 1, 2], [3, 4, 5], "error", "masks") == [0, 1, 2]
    assert match_frames([1, 2, 3], [0, 1, 2], "error", "masks") == [1, 2, 3]


def test_missing_masks_are_empty_frames_only_if_allowed():
    assert match_frames([3, 5], [3, 4, 5], "empty", "masks") == [3, None, 5]
    assert match_frames([0, 2], [3, 4, 5], "empty", "masks") == [0, None, 2]
    with pytest.raises(
        DataError, match=r"masks: 2 masks are numbered 3, 5, 3 images 3-5: no mask for the images 4\. .*empty"
    ):
        match_frames([3, 5], [3, 4, 5], "error", "masks")


def test_a_shift_that_would_be_a_guess_is_an_error():
    with pytest.raises(DataError, match=r"no mask for the images 10-13 and no image for the masks 2, 4\."):
        match_frames([2, 4], [10, 11, 12, 13], "empty", "masks")


def test_too_many_masks_are_an_error():
    with pytest.raises(DataError, match=r"no image for the masks 3-4\. Remove the masks that are too many\."):
        match_frames([0, 1, 2, 3, 4], [0, 1, 2], "empty", "masks")


def test_no_masks_are_an_error():
    with pytest.raises(DataError, match="holds no mask for 3 images"):
        match_frames([], [0, 1, 2], "empty", "masks")


@given(st.integers(0, 50), st.integers(1, 20), st.integers(0, 50))
def test_matching_does_not_depend_on_where_numbering_starts(first, n, other):
    masks, images = list(range(first, first + n)), list(range(other, other + n))
    assert match_frames(masks, images, "error", "masks") == masks
