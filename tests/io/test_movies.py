"""Movies and masks as frames: folders, single files, OME-Zarr; numbering, values, and what is refused."""

import os

import numpy as np
import pytest
import tifffile
import zarr

from samtrack.config.ingest import IngestSettings
from samtrack.config.movie import MovieSettings
from samtrack.config.segment import GivenSettings
from samtrack.errors import DataError
from samtrack.io.movies import count_frames, open_masks, open_movie, source_fingerprint
from samtrack.types import ArrayFrames, Box, Frames, Scale

PLAIN, MOVIE = IngestSettings(), MovieSettings()


def stack(t, shape=(4, 20, 30), dtype="uint16"):
    return np.random.default_rng(t).integers(0, 120, shape).astype(dtype)


def refused(path, ingest=PLAIN, movie=MOVIE) -> str:
    with pytest.raises(DataError) as caught:
        frames = open_movie(path, ingest, movie)
        for t in range(frames.n_frames):
            frames.read(t)
    return str(caught.value)


# images


@pytest.mark.parametrize("shape", [(20, 30), (4, 20, 30)])
@pytest.mark.parametrize(("pattern", "first"), [("t{:03d}.tif", 0), ("img_{:04d}_ch1.tif", 998), ("{}.tiff", 8)])
def test_a_folder_reads_in_the_order_of_its_numbers(write_movie, shape, pattern, first):
    data = [stack(t, shape) for t in range(4)]
    movie = open_movie(write_movie(data, pattern=pattern, first=first), PLAIN, MOVIE)
    assert isinstance(movie, Frames)
    assert (movie.n_frames, movie.shape, movie.dtype, movie.first_number) == (4, shape, np.uint16, first)
    for t, frame in enumerate(data):
        np.testing.assert_array_equal(movie.read(t), frame)
    box = Box((1,) * len(shape), (3,) * len(shape))
    np.testing.assert_array_equal(movie.read(2, box), data[2][box.slices])


def test_what_is_read_may_be_changed_and_does_not_come_back(write_movie):
    movie = open_movie(write_movie([stack(0)]), PLAIN, MOVIE)
    before = movie.read(0)
    movie.read(0)[:] = 0
    np.testing.assert_array_equal(movie.read(0), before)


@pytest.mark.parametrize("frame", [-1, 2])
def test_a_frame_outside_of_the_movie_is_an_index_error(write_movie, frame):
    movie = open_movie(write_movie([stack(0), stack(1)]), PLAIN, MOVIE)
    with pytest.raises(IndexError):
        movie.read(frame)


STORED = {
    "uint8": ("bool", "int8", "uint8"),
    "uint16": ("int16", "uint16"),
    "uint32": ("int32", "uint32", "int64", "uint64"),
    "float32": ("float16", "float32", "float64"),
}


@pytest.mark.parametrize(("dtype", "stored"), [(dtype, kept) for kept, types in STORED.items() for dtype in types])
def test_types_become_what_is_stored(write_movie, dtype, stored):
    data = (stack(1) % 2).astype(dtype)
    movie = open_movie(write_movie([data]), PLAIN, MOVIE)
    assert movie.dtype == movie.read(0).dtype == stored
    np.testing.assert_array_equal(movie.read(0), data.astype(stored))


def test_a_gap_is_an_error_or_a_blank_frame(write_movie):
    folder = write_movie([stack(t) for t in range(6)], first=10)
    (folder / "t012.tif").unlink()
    (folder / "t013.tif").unlink()
    assert "4 files are numbered 10 to 15, but 2 of them are missing: 12-13. " in refused(folder)
    with pytest.raises(DataError, match="missing: 12-13"):
        count_frames(folder, PLAIN)
    blank = IngestSettings(missing_frames="blank")
    movie = open_movie(folder, blank, MOVIE)
    assert movie.n_frames == count_frames(folder, blank) == 6
    assert not movie.read(2).any()
    assert movie.read(2, Box((0, 0, 0), (1, 2, 3))).shape == (1, 2, 3)
    np.testing.assert_array_equal(movie.read(4), stack(4))


def test_counting_the_files_of_a_folder_opens_none(tmp_path):
    for n in range(3):
        (tmp_path / f"t{n}.tif").touch()
    assert count_frames(tmp_path, PLAIN) == 3


def test_a_movie_in_one_file(tmp_path):
    data = np.stack([stack(t) for t in range(3)])
    path = tmp_path / "movie.tif"
    tifffile.imwrite(path, data, imagej=True, metadata={"axes": "TZYX"})
    movie = open_movie(path, PLAIN, MOVIE)
    assert count_frames(path, PLAIN) == movie.n_frames == 3
    np.testing.assert_array_equal(movie.read(1), data[1])


def test_planes_taken_for_one_frame_are_told(tmp_path, caplog):
    tifffile.imwrite(tmp_path / "a.tif", stack(0), imagej=True, metadata={"axes": "ZYX"})
    assert open_movie(tmp_path / "a.tif", PLAIN, MOVIE).n_frames == 1
    assert "read as 1 frame of 4 planes; if these are times, set ingest.axes: tyx" in caplog.text


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (np.zeros((4, 21, 30), "uint16"), "4 x 21 x 30 uint16"),
        (stack(2, dtype="uint8"), "4 x 20 x 30 uint8"),
        (stack(2)[:3], "3 x 20 x 30 uint16"),
    ],
)
def test_a_frame_of_other_shape_or_type_is_named(write_movie, change, found):
    folder = write_movie([stack(0), stack(1), change])
    assert f"t002.tif: is {found}, expected 4 x 20 x 30 uint16 like t000.tif." in refused(folder)


def test_negative_voxels_are_refused_with_a_remedy(write_movie):
    data = stack(0, dtype="int16")
    data[0, 0, :2] = -7
    message = refused(write_movie([data]))
    assert "t000.tif: 2 voxels are negative, down to -7; an image of int16 is stored as uint16. Add 7 to all" in message


def test_values_beyond_32_bits_are_refused(write_movie):
    assert "holds the value 4294967296, above 4294967295" in refused(write_movie([np.full((8, 8), 2**32, "uint64")]))


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_voxels_that_are_no_number(write_movie, bad):
    data = stack(0, dtype="float32")
    data[1, 2, 3:6] = bad
    folder = write_movie([data])
    assert "t000.tif: 3 of 2400 voxels are NaN or infinite. Repair the file, or set ingest.not_finite" in refused(
        folder
    )
    read = open_movie(folder, IngestSettings(not_finite="zero"), MOVIE).read(0)
    np.testing.assert_array_equal(read, np.where(np.isfinite(data), data, 0))


def test_a_double_too_large_for_a_float_counts_as_infinite(write_movie):
    assert "1 of 4 voxels are NaN or infinite" in refused(write_movie([np.array([[1e300, 0], [1, 2]])]))


def test_complex_images_are_refused(write_movie):
    assert "voxels are complex64, expected integers or floats" in refused(write_movie([stack(0).astype("complex64")]))


def test_a_path_that_does_not_exist_names_the_nearest_that_does(tmp_path):
    message = refused(tmp_path / "data" / "01")
    assert f"does not exist (its nearest existing parent is {tmp_path})" in message


def test_a_damaged_file_in_the_middle_is_named(write_movie):
    folder = write_movie([stack(t) for t in range(3)])
    path = folder / "t001.tif"
    path.write_bytes(path.read_bytes()[:3000])
    assert refused(folder).startswith(f"{path}: is truncated")


def test_a_folder_that_may_not_be_listed(write_movie, not_root):
    folder = write_movie([stack(0)])
    folder.chmod(0o300)
    with not_root():
        message = refused(folder)
    folder.chmod(0o700)
    assert "Permission denied" in message
    assert str(folder) in message


def test_the_fingerprint_changes_with_the_files_only(write_movie):
    folder = write_movie([stack(0), stack(1)])
    first = source_fingerprint(folder)
    (folder / "notes.txt").write_text("other files do not count")
    assert source_fingerprint(folder) == first
    os.utime(folder / "t000.tif", ns=(1, 1))
    second = source_fingerprint(folder)
    (folder / "t001.tif").rename(folder / "t002.tif")
    assert len({first, second, source_fingerprint(folder)}) == 3


def test_the_fingerprint_of_a_file_and_of_a_zarr(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", stack(0, (6, 20, 30)))
    one = source_fingerprint(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "a.tif", stack(0, (5, 20, 30)))
    assert source_fingerprint(tmp_path / "a.tif") != one
    store = write_zarr(tmp_path / "z.zarr", stack(0)[None], "tzyx", 3)
    one = source_fingerprint(store)
    (store / "0" / "c" / "0" / "0" / "0" / "0").unlink()
    assert source_fingerprint(store) != one


# OME-Zarr


def write_zarr(path, data, axes, zarr_format, um=0.5, unit="micrometer", version=None, **more):
    kinds = {"t": ("time", "second", 30.0), "c": ("channel", None, 1.0)}
    listed, steps = [], []
    for name in axes:
        kind, its_unit, step = kinds.get(name, ("space", unit, um))
        listed.append({"name": name, "type": kind, **({"unit": its_unit} if its_unit else {})})
        steps.append(step)
    datasets = [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": steps}]}]
    multiscales = [{"axes": listed, "datasets": datasets}]
    version = version or ("0.4" if zarr_format == 2 else "0.5")
    group = zarr.open_group(path, mode="w", zarr_format=zarr_format)
    group.create_array("0", data=data, chunks=tuple(min(n, 16) for n in data.shape))
    if zarr_format == 2:
        multiscales[0]["version"] = version
        group.attrs.update({"multiscales": multiscales, **more})
    else:
        group.attrs.update({"ome": {"version": version, "multiscales": multiscales, **more}})
    return path


@pytest.mark.parametrize("zarr_format", [2, 3])
@pytest.mark.parametrize("axes", ["tczyx", "tzyx", "tyx", "zyx", "yx", "ctyx"])
def test_ome_zarr_04_and_05_with_any_axes(tmp_path, zarr_format, axes):
    sizes = {"t": 3, "c": 2, "z": 4, "y": 20, "x": 30}
    data = np.arange(np.prod([sizes[a] for a in axes]), dtype="uint32").reshape([sizes[a] for a in axes])
    path = write_zarr(tmp_path / "a.zarr", data, axes, zarr_format)
    channel = 1 if "c" in axes else None
    movie = open_movie(path, IngestSettings(channel=channel), MOVIE)
    expected = data[tuple(1 if a == "c" else slice(None) for a in axes)]
    expected = expected if "t" in axes else expected[None]
    assert movie.n_frames == count_frames(path, IngestSettings(channel=channel)) == len(expected)
    np.testing.assert_array_equal(np.stack([movie.read(t) for t in range(movie.n_frames)]), expected)
    box = Box((1,) * len(movie.shape), (3,) * len(movie.shape))
    np.testing.assert_array_equal(movie.read(0, box), expected[0][box.slices])
    assert movie.scale.um_per_voxel == (0.5,) * len(movie.shape)
    assert movie.scale.minutes_per_frame == (0.5 if "t" in axes else 1.0)
    assert movie.scale.is_calibrated


def test_an_ome_zarr_without_units_is_not_calibrated(tmp_path, caplog):
    path = write_zarr(tmp_path / "a.zarr", stack(0)[None], "tzyx", 3, unit=None)
    assert not open_movie(path, PLAIN, MOVIE).scale.is_calibrated
    assert "all lengths are voxels" in caplog.text


def test_nanometers_become_micrometers(tmp_path):
    path = write_zarr(tmp_path / "a.zarr", stack(0)[None], "tzyx", 2, um=250.0, unit="nanometer")
    assert open_movie(path, PLAIN, MOVIE).scale.um_per_voxel == (0.25,) * 3


def test_channels_of_an_ome_zarr_are_named(tmp_path):
    omero = {"channels": [{"label": "H2B"}, {"label": "brightfield"}]}
    path = write_zarr(tmp_path / "a.zarr", np.zeros((2, 2, 8, 8), "u1"), "tcyx", 3, omero=omero)
    assert "holds 2 channels (0: H2B, 1: brightfield), expected one" in refused(path)
    assert "ingest.channel is 5, but the store holds 2 channels" in refused(path, IngestSettings(channel=5))


def test_a_zarr_that_is_no_image_is_refused(tmp_path):
    zarr.create_array(tmp_path / "array.zarr", data=stack(0))
    assert "is a bare Zarr array, expected an OME-Zarr image" in refused(tmp_path / "array.zarr")
    zarr.open_group(tmp_path / "plate.zarr", mode="w").create_group("A").create_group("1")
    assert "without the multiscales metadata of an OME-Zarr image. It holds the groups A:" in refused(
        tmp_path / "plate.zarr"
    )


def test_an_ome_zarr_of_unknown_version_or_axes_is_refused(tmp_path):
    path = write_zarr(tmp_path / "a.zarr", stack(0)[None], "tzyx", 3, version="0.9")
    assert "is OME-Zarr 0.9, expected 0.4 or 0.5" in refused(path)
    path = write_zarr(tmp_path / "b.zarr", stack(0)[None], "azyx", 3)
    assert "has the axes ['a', 'z', 'y', 'x'], expected some of t, c, z, y, x" in refused(path)


def test_a_damaged_chunk_is_named(tmp_path):
    path = write_zarr(tmp_path / "a.zarr", stack(0)[None], "tzyx", 3)
    chunk = path / "0" / "c" / "0" / "0" / "0" / "0"
    chunk.write_bytes(chunk.read_bytes()[:20])
    assert "cannot be read, frame 0" in refused(path)


# masks


IMAGES = ArrayFrames([np.zeros((20, 30), "uint8")] * 3, Scale((0.5, 0.5), 2.0))
GIVEN = GivenSettings()


@pytest.fixture
def images_path(write_movie):
    return write_movie([np.zeros((20, 30), "uint8")] * 3, first=5)


def masks_of(path, images_path, given=GIVEN, images=IMAGES):
    masks = open_masks(path, images_path, images, given)
    return [masks.read(t) for t in range(masks.n_frames)]


def masks_refused(*args, **kwargs) -> str:
    with pytest.raises(DataError) as caught:
        masks_of(*args, **kwargs)
    return str(caught.value)


@pytest.mark.parametrize("first", [0, 1, 5])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "uint32", "int64"])
def test_masks_read_as_labels_in_the_order_of_the_images(write_movie, images_path, first, dtype):
    data = [np.full((20, 30), t + 1, dtype) for t in range(3)]
    folder = write_movie(data, name="masks", pattern="man_seg{:03d}.tif", first=first)
    masks = open_masks(folder, images_path, IMAGES, GIVEN)
    assert (masks.n_frames, masks.dtype, masks.scale) == (3, np.uint32, IMAGES.scale)
    np.testing.assert_array_equal([masks.read(t)[0, 0] for t in range(3)], [1, 2, 3])
    assert masks.read(0).dtype == np.uint32


def test_a_missing_mask_is_an_error_or_an_empty_frame(write_movie, images_path):
    folder = write_movie([np.ones((20, 30), "uint16")] * 3, name="masks", first=5)
    (folder / "t006.tif").unlink()
    assert "no mask for the images 6. Restore the missing masks, or set segment.missing: empty" in masks_refused(
        folder, images_path
    )
    read = masks_of(folder, images_path, GivenSettings(missing="empty"))
    assert [int(m.max()) for m in read] == [1, 0, 1]


def test_masks_in_one_file(tmp_path, images_path):
    tifffile.imwrite(
        tmp_path / "masks.tif", np.arange(1800, dtype="uint16").reshape(3, 20, 30), photometric="minisblack"
    )
    assert [int(m[0, 0]) for m in masks_of(tmp_path / "masks.tif", images_path)] == [0, 600, 1200]


def test_masks_of_another_shape_are_refused(write_movie, images_path):
    folder = write_movie([np.ones((20, 31), "uint16")] * 3, name="masks")
    assert f"the masks are 20 x 31, but the images of {images_path} are 20 x 30" in masks_refused(folder, images_path)


def test_a_single_mask_of_another_shape_is_named(write_movie, images_path):
    folder = write_movie([np.ones((20, 30), "uint16")] * 2 + [np.ones((20, 31), "uint16")], name="masks")
    assert "t002.tif: is 20 x 31 uint16, expected 20 x 30 uint16" in masks_refused(folder, images_path)


def test_float_labels_are_refused_even_if_whole(write_movie, images_path):
    folder = write_movie([np.full((20, 30), 3, "float32")] * 3, name="masks")
    message = masks_refused(folder, images_path)
    assert "t000.tif: a mask holds float32 values (all whole numbers, up to 3), expected integers. Save" in message


def test_an_image_given_as_mask_is_refused(write_movie, images_path):
    folder = write_movie([np.full((20, 30), 0.5, "float32")] * 3, name="masks")
    assert "(not even whole numbers), expected integers. Is this the folder of the masks?" in masks_refused(
        folder, images_path
    )


def test_negative_labels_are_refused(write_movie, images_path):
    data = np.ones((20, 30), "int32")
    data[0, 0] = -2
    folder = write_movie([data] * 3, name="masks")
    assert "t000.tif: 1 voxels hold negative labels, down to -2. Labels start at 1" in masks_refused(
        folder, images_path
    )


def test_coloured_masks_are_refused(tmp_path, images_path):
    (tmp_path / "masks").mkdir()
    for t in range(3):
        tifffile.imwrite(tmp_path / "masks" / f"t{t}.tif", np.zeros((20, 30, 3), "uint8"), photometric="rgb")
    assert "a colour picture of 3 samples" in masks_refused(tmp_path / "masks", images_path)


def test_no_masks_at_all_are_refused(tmp_path, images_path):
    (tmp_path / "masks").mkdir()
    assert f"{tmp_path / 'masks'}: holds nothing" in masks_refused(tmp_path / "masks", images_path)
