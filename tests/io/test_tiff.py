"""Single TIFF files: every common way to write one reads back, every common damage is told."""

import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from samtrack.errors import DataError
from samtrack.io.tiff import TiffImage, TiffReading
from samtrack.types import Box

FOLDER, FILE = TiffReading(), TiffReading(in_folder=False)
DTYPES = [
    "bool",
    "uint8",
    "int8",
    "uint16",
    "int16",
    "uint32",
    "int32",
    "uint64",
    "int64",
    "float16",
    "float32",
    "float64",
]


def voxels(shape, dtype="uint16"):
    return np.random.default_rng(1).integers(0, 2 if dtype == "bool" else 120, shape).astype(dtype)


def write(path: Path, data, **options) -> Path:
    tifffile.imwrite(path, data, **{"photometric": "minisblack", **options})
    return path


def read_all(path: Path, how: TiffReading) -> np.ndarray:
    with TiffImage(path, how) as image:
        whole = Box((0,) * len(image.shape), image.shape)
        return np.stack([image.read(t, whole) for t in range(image.n_frames)])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["<", ">"])
def test_all_types_and_byte_orders(tmp_path, dtype, order):
    data = voxels((4, 19, 23), dtype)
    path = write(tmp_path / "a.tif", data, byteorder=order)
    read = read_all(path, FOLDER)
    assert read.dtype == data.dtype
    np.testing.assert_array_equal(read[0], data)


@pytest.mark.parametrize("compression", [None, "lzw", "zlib", "zstd", "packbits"])
@pytest.mark.parametrize("predictor", [False, True])
@pytest.mark.parametrize("layout", [{}, {"rowsperstrip": 7}, {"tile": (16, 32)}])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_all_layouts_read_whole_and_in_boxes(tmp_path, compression, predictor, layout, bigtiff):
    data = voxels((3, 45, 70))
    predict = predictor and compression is not None
    path = write(tmp_path / "a.tif", data, compression=compression, predictor=predict, bigtiff=bigtiff, **layout)
    np.testing.assert_array_equal(read_all(path, FOLDER)[0], data)
    box = Box((1, 6, 30), (3, 33, 51))
    with TiffImage(path, FOLDER) as image:
        np.testing.assert_array_equal(image.read(0, box), data[box.slices])


@given(st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_box_equals_the_slice(tmp_path, data):
    shape = (2, 21, 34)
    image_data = voxels(shape)
    options = data.draw(st.sampled_from([{}, {"tile": (16, 16)}, {"rowsperstrip": 4, "compression": "zlib"}]))
    path = write(tmp_path / "a.tif", image_data, **options)
    ends = [sorted(data.draw(st.lists(st.integers(0, n), min_size=2, max_size=2))) for n in shape]
    box = Box(tuple(a for a, _ in ends), tuple(b for _, b in ends))
    with TiffImage(path, FOLDER) as image:
        np.testing.assert_array_equal(image.read(0, box), image_data[box.slices])


def test_only_the_planes_of_the_box_are_read(tmp_path, monkeypatch):
    path = write(tmp_path / "a.tif", voxels((40, 64, 64)), compression="zlib")
    import samtrack.io.tiff as module

    read, real = [], module.os.pread

    def counted(descriptor, count, offset):
        read.append(count)
        return real(descriptor, count, offset)

    with TiffImage(path, FOLDER) as image:
        monkeypatch.setattr(module.os, "pread", counted)
        image.read(0, Box((10, 0, 0), (13, 64, 64)))
    assert len(read) == 3


@pytest.mark.parametrize(
    ("options", "shape", "axes"),
    [
        ({"imagej": True, "metadata": {"axes": "TZYX"}}, (3, 4, 20, 30), "TZYX"),
        ({"imagej": True, "metadata": {"axes": "TYX"}}, (3, 20, 30), "TYX"),
        ({"imagej": True, "metadata": {"axes": "ZYX"}}, (4, 20, 30), "ZYX"),
        ({"ome": True, "metadata": {"axes": "TZYX"}}, (3, 4, 20, 30), "TZYX"),
        ({"ome": True, "metadata": {"axes": "ZTYX"}}, (4, 3, 20, 30), "ZTYX"),
        ({"ome": True, "metadata": {"axes": "TYX"}, "compression": "zlib"}, (3, 20, 30), "TYX"),
        ({}, (3, 20, 30), "TYX"),
        ({"metadata": None}, (3, 20, 30), "TYX"),
        ({}, (3, 4, 20, 30), "TZYX"),
    ],
)
def test_the_axes_of_a_movie_in_one_file(tmp_path, options, shape, axes):
    data = voxels(shape)
    read = read_all(write(tmp_path / "a.tif", data, **options), FILE)
    if axes == "ZTYX":
        data = data.transpose(1, 0, 2, 3)
    np.testing.assert_array_equal(read, data[None] if axes == "ZYX" else data)


@pytest.mark.parametrize(("axes", "expected"), [("zyx", (1, 3, 20, 30)), ("tyx", (3, 20, 30)), ("auto", (3, 20, 30))])
def test_ingest_axes_say_what_pages_are(tmp_path, axes, expected):
    path = write(tmp_path / "a.tif", voxels((3, 20, 30)))
    assert read_all(path, TiffReading(axes, in_folder=False)).shape == expected


def test_ingest_axes_override_the_file(tmp_path):
    path = write(tmp_path / "a.tif", voxels((3, 20, 30)), imagej=True, metadata={"axes": "ZYX"})
    assert read_all(path, TiffReading("tyx", in_folder=False)).shape == (3, 20, 30)


def test_one_page_can_be_a_stack_of_one_plane(tmp_path):
    path = write(tmp_path / "a.tif", voxels((20, 30)))
    assert read_all(path, FOLDER).shape == (1, 20, 30)
    assert read_all(path, TiffReading("zyx")).shape == (1, 1, 20, 30)


@pytest.mark.parametrize("kind", ["imagej", "ome"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_channel_is_chosen(tmp_path, kind, compression):
    data = voxels((3, 4, 2, 20, 30))
    path = write(tmp_path / "a.tif", data, **{kind: True}, compression=compression, metadata={"axes": "TZCYX"})
    read = read_all(path, TiffReading(channel=1, in_folder=False))
    np.testing.assert_array_equal(read, data[:, :, 1])


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_colour_is_chosen(tmp_path, planar, compression):
    data = voxels((20, 30, 3), "uint8")
    stored = data if planar == "contig" else np.moveaxis(data, -1, 0)
    path = write(
        tmp_path / "a.tif", stored, photometric="rgb", planarconfig=planar, compression=compression, rowsperstrip=6
    )
    with TiffImage(path, TiffReading(channel=2)) as image:
        np.testing.assert_array_equal(image.read(0, Box((3, 5), (17, 29))), data[3:17, 5:29, 2])


# what is refused


def refused(path: Path, how: TiffReading = FOLDER) -> str:
    with pytest.raises(DataError) as caught:
        read_all(path, how)
    assert str(path) in str(caught.value)
    return str(caught.value)


def test_channels_without_a_choice_are_named(tmp_path):
    options = {"ome": True, "metadata": {"axes": "CYX", "Channel": {"Name": ["nuclei", "membrane"]}}}
    path = write(tmp_path / "a.tif", voxels((2, 20, 30)), **options)
    assert "holds 2 channels (0: nuclei, 1: membrane), expected one. Choose it with ingest.channel." in refused(path)


def test_a_colour_picture_without_a_choice_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", voxels((20, 30, 3), "uint8"), photometric="rgb")
    assert "a colour picture of 3 samples (0: red, 1: green, 2: blue)" in refused(path)


def test_a_channel_that_is_not_there_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", voxels((2, 20, 30)), imagej=True, metadata={"axes": "CYX"})
    assert "ingest.channel is 2, but the file holds 2 channels (0, 1)" in refused(path, TiffReading(channel=2))


def test_time_points_in_a_file_of_a_folder_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", voxels((3, 20, 30)), imagej=True, metadata={"axes": "TYX"})
    assert "holds 3 time points, but in a folder each file is one frame" in refused(path)


def test_axes_that_cannot_be_told_apart_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", voxels((3, 4, 20, 30)))
    assert "axes Q of 3, Q of 4; with ingest.axes: auto expected are" in refused(path)
    path = write(tmp_path / "b.tif", voxels((12, 20, 30)))
    assert "12 pages and does not say which are t and which z" in refused(path, TiffReading("tzyx", in_folder=False))


def test_more_axes_than_ingest_axes_says_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", voxels((3, 20, 30)))
    assert "with ingest.axes: yx expected are none but y and x" in refused(path, TiffReading("yx"))


def test_an_empty_file_is_refused(tmp_path):
    (tmp_path / "a.tif").touch()
    assert "is empty (0 bytes)" in refused(tmp_path / "a.tif")


@pytest.mark.parametrize("content", [b"\x89PNG\r\n\x1a\n" + bytes(100), b"II", b"hello world, this is text"])
def test_a_file_that_is_no_tiff_is_refused(tmp_path, content):
    (tmp_path / "a.tif").write_bytes(content)
    assert "is not a TIFF file (it starts with" in refused(tmp_path / "a.tif")


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"metadata": None},
        {"compression": "zlib"},
        {"compression": "lzw", "metadata": None},
        {"imagej": True},
        {"ome": True},
        {"bigtiff": True},
        {"tile": (16, 16)},
    ],
)
@pytest.mark.parametrize("in_folder", [True, False])
def test_a_truncated_file_is_refused_wherever_it_was_cut(tmp_path, options, in_folder):
    whole = write(tmp_path / "whole.tif", voxels((6, 40, 50)), **options).read_bytes()
    how = TiffReading("zyx", in_folder=in_folder)
    for share in (0.02, 0.3, 0.5, 0.77, 0.95):
        path = tmp_path / f"cut{share}.tif"
        path.write_bytes(whole[: int(len(whole) * share)])
        assert "truncated" in refused(path, how) or "damaged" in refused(path, how)


def test_a_truncated_imagej_stack_of_one_directory_is_refused(tmp_path):
    """ImageJ itself writes one directory and then all planes; cut off, it looks like a picture of one plane."""
    path = write(tmp_path / "a.tif", voxels((40, 50)), imagej=True)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tag = tif.pages.first.tags["ImageDescription"]
        tag.overwrite("ImageJ=1.54f\nimages=6\nslices=6\n")
    message = refused(path)
    assert "truncated: the ImageJ header says 6 planes of 4000 bytes" in message


def test_damaged_compressed_data_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", voxels((6, 40, 50)), compression="zlib")
    with tifffile.TiffFile(path) as tif:
        offset, count = tif.pages[3].dataoffsets[0], tif.pages[3].databytecounts[0]
    data = bytearray(path.read_bytes())
    data[offset + 10 : offset + count] = bytes(count - 10)
    path.write_bytes(data)
    assert "cannot be read, plane 3" in refused(path)


def test_directories_in_a_circle_are_refused(tmp_path):
    path = write(tmp_path / "a.tif", voxels((20, 30)), metadata=None)
    data = bytearray(path.read_bytes())
    (first,) = struct.unpack_from("<I", data, 4)
    (n_tags,) = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * n_tags, first)
    path.write_bytes(data)
    assert "directories form a circle" in refused(path)


def test_pages_of_different_shape_are_refused(tmp_path):
    path = tmp_path / "a.tif"
    with tifffile.TiffWriter(path) as tif:
        tif.write(voxels((20, 30)), metadata=None)
        tif.write(voxels((11, 17)), metadata=None)
    assert "holds 2 images of different shape or type ((20, 30), (11, 17))" in refused(path, FILE)


def test_a_page_without_data_is_refused(tmp_path):
    path = write(tmp_path / "a.tif", voxels((3, 20, 30)), compression="zlib", metadata=None)
    with tifffile.TiffFile(path, mode="r+") as tif:
        tif.pages[1].tags["StripByteCounts"].overwrite(0)
    assert "page 1 holds no data for a part of its image" in refused(path)


def test_an_unreadable_file_is_refused(tmp_path, not_root):
    path = write(tmp_path / "a.tif", voxels((20, 30)))
    path.chmod(0)
    with not_root():
        message = refused(path)
    assert "cannot be read (Permission denied). You may not read it" in message


@given(st.data())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_random_damage_is_a_data_error_or_still_readable(tmp_path, data):
    """Bytes of the directories changed at random: never another exception, never a hang."""
    options = data.draw(
        st.sampled_from([{}, {"imagej": True}, {"ome": True}, {"compression": "zlib"}, {"tile": (16, 16)}])
    )
    path = write(tmp_path / "a.tif", voxels((3, 20, 30)), **options)
    content = bytearray(path.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.one_of(st.integers(0, min(600, len(content) - 1)), st.integers(0, len(content) - 1)))
        content[at] = data.draw(st.integers(0, 255))
    path.write_bytes(content)
    try:
        read_all(path, FILE)
    except DataError as error:
        assert str(path) in str(error)
