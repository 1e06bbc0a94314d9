"""Stores: what is written reads back through zarr-python, and the metadata are valid OME-Zarr 0.5."""

import json
import math
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import zarr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ome_zarr_models.v05 import Image, ImageLabel, Labels

from samtrack.config.ingest import IngestSettings
from samtrack.errors import DataError
from samtrack.io.ome_zarr import ImageFacts, create_image, halved, open_image, written_label_image
from samtrack.io.shards import blosc_level, checksum_of
from samtrack.io.store_layout import plan_levels
from samtrack.types import ArrayFrames, Box, Frames, Scale

SCALE3 = Scale((2.0, 0.5, 0.25), 3.0)


def facts_of(data, scale=None, **more) -> ImageFacts:
    scale = scale or (SCALE3 if data.ndim == 4 else Scale(SCALE3.um_per_voxel[1:], 3.0))
    return ImageFacts(len(data), data.shape[1:], data.dtype, scale, name="01", **more)


def store(folder, data, **options):
    writer = create_image(folder, facts_of(data), IngestSettings(**options))
    for t in range(len(data)):
        writer.write(t, data[t])
    writer.finish()
    return folder


def movie(shape, dtype="uint16"):
    return np.random.default_rng(0).integers(0, 250, shape).astype(dtype)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "float32"])
@pytest.mark.parametrize("shape", [(3, 40, 70), (2, 9, 40, 70), (1, 1, 1), (2, 1, 5, 3)])
@pytest.mark.parametrize("options", [{}, {"chunk_voxels": 2**12}, {"chunk_voxels": 2**12, "pyramid_levels": 3}])
def test_frames_read_back(tmp_path, dtype, shape, options):
    data = movie(shape, dtype)
    image = open_image(store(tmp_path / "a.ome.zarr", data, **options))
    assert isinstance(image, Frames)
    assert (image.n_frames, image.shape, image.dtype) == (shape[0], shape[1:], dtype)
    np.testing.assert_array_equal(np.stack([image.read(t) for t in range(shape[0])]), data)


def test_boxes_and_scale_read_back(tmp_path):
    data = movie((2, 9, 40, 70))
    image = open_image(store(tmp_path / "a.ome.zarr", data, chunk_voxels=2**12))
    box = Box((3, 5, 33), (7, 36, 34))
    np.testing.assert_array_equal(image.read(1, box), data[1][box.slices])
    assert image.scale == SCALE3
    with pytest.raises(IndexError):
        image.read(2)


@given(st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_slabs_of_any_thickness_give_the_same_bytes(tmp_path, data):
    """However a frame arrives, its shards are the same, in all levels."""
    shape = data.draw(st.sampled_from([(33, 40, 50), (150, 200), (7, 17, 19)]))
    frame = movie(shape)
    options = IngestSettings(chunk_voxels=2**12, pyramid_levels=3)
    cuts = sorted(data.draw(st.sets(st.integers(1, shape[0] - 1), max_size=6)))
    records = []
    for name, parts in (("whole", [frame]), ("parts", np.split(frame, cuts))):
        writer = create_image(tmp_path / f"{len(shape)}d" / name, facts_of(frame[None]), options)
        records.append(writer.write_parts(0, parts))
        assert records[-1] == [checksum_of(writer.frame_folder(i, 0)) for i in range(3)]
    assert records[0] == records[1]


def test_a_frame_that_comes_short_is_a_bug(tmp_path):
    writer = create_image(tmp_path / "a", facts_of(movie((1, 9, 8, 8))), IngestSettings())
    with pytest.raises(ValueError, match="4 of 9 planes"):
        writer.write_parts(0, [movie((4, 8, 8))])


def test_threads_and_order_of_frames_do_not_matter(tmp_path):
    data = movie((6, 9, 40, 70))
    one = store(tmp_path / "one", data, chunk_voxels=2**12)
    writer = create_image(tmp_path / "two", facts_of(data), IngestSettings(chunk_voxels=2**12))
    with ThreadPoolExecutor(3) as pool:
        list(pool.map(lambda t: writer.write(t, data[t]), reversed(range(6))))
    writer.finish()
    files = sorted(p.relative_to(one) for p in one.rglob("*") if p.is_file())
    assert files == sorted(p.relative_to(tmp_path / "two") for p in (tmp_path / "two").rglob("*") if p.is_file())
    assert all((one / p).read_bytes() == (tmp_path / "two" / p).read_bytes() for p in files)


def test_one_file_per_frame_and_level_and_empty_chunks_cost_nothing(tmp_path):
    data = movie((2, 9, 64, 64))
    data[1] = 0
    path = store(tmp_path / "a", data, chunk_voxels=2**12)
    shards = [p for p in (path / "0" / "c").rglob("*") if p.is_file()]
    assert len(shards) == 2
    level = plan_levels((9, 64, 64), IngestSettings(chunk_voxels=2**12))[0]
    n_chunks = level.layers_per_shard * level.chunks_per_layer
    assert (path / "0" / "c" / "1" / "0" / "0" / "0").stat().st_size == 16 * n_chunks + 4
    assert not open_image(path).read(1).any()


def test_metadata_are_valid_ome_zarr_05(tmp_path):
    path = store(tmp_path / "a", movie((2, 9, 40, 70)), pyramid_levels=3)
    image = Image.from_zarr(zarr.open_group(path, mode="r"))
    multiscale = image.ome_attributes.multiscales[0]
    assert [(a.name, a.type, a.unit) for a in multiscale.axes] == [
        ("t", "time", "minute"),
        ("z", "space", "micrometer"),
        ("y", "space", "micrometer"),
        ("x", "space", "micrometer"),
    ]
    transforms = [d.coordinateTransformations for d in multiscale.datasets]
    assert [t[0].scale for t in transforms] == [[3, 2, 0.5, 0.25], [3, 2, 1.0, 0.5], [3, 2, 2.0, 1.0]]
    assert transforms[2][1].translation == [0, 0, 0.75, 0.375]
    array = zarr.open_group(path, mode="r")["1"]
    assert array.shape == (2, 9, 20, 35)
    assert array.metadata.dimension_names == ("t", "z", "y", "x")


def test_facts_are_stored_beside_ome(tmp_path):
    data = movie((2, 20, 30))
    writer = create_image(tmp_path, facts_of(data, source="data/01", first_number=7), IngestSettings())
    for t in range(2):
        writer.write(t, data[t])
    writer.finish()
    facts = json.loads((tmp_path / "zarr.json").read_text())["attributes"]["samtrack"]
    assert facts == {
        "n_frames": 2,
        "shape": [20, 30],
        "dtype": "uint16",
        "um_per_voxel": [0.5, 0.25],
        "minutes_per_frame": 3.0,
        "is_calibrated": True,
        "source": "data/01",
        "first_number": 7,
    }
    assert open_image(tmp_path).first_number == 7


@pytest.mark.parametrize(("shape", "n_levels"), [((512, 512), 1), ((2048, 2049), 2), ((30, 9000, 100), 4)])
def test_levels_go_down_to_what_a_viewer_opens(shape, n_levels):
    levels = plan_levels(shape, IngestSettings())
    assert len(levels) == n_levels
    assert max(levels[-1].shape[-2:]) <= 2048
    assert {level.shape[:-2] for level in levels} == {shape[:-2]}


@given(
    st.lists(st.integers(1, 3000), min_size=2, max_size=3),
    st.integers(2**12, 2**22),
    st.integers(1, 5),
)
@settings(max_examples=200)
def test_chunks_are_near_the_wanted_size_and_fill_their_shards(shape, voxels, n_levels):
    for level in plan_levels(tuple(shape), IngestSettings(chunk_voxels=voxels, pyramid_levels=n_levels)):
        assert math.prod(level.chunk) <= 4 * voxels
        assert all(s % c == 0 for s, c in zip(level.shard, level.chunk, strict=True))
        assert all(s >= n for s, n in zip(level.shard[1:], level.shape[1:], strict=True))
        assert level.n_shards * level.shard[0] >= level.shape[0]


def test_a_frame_too_large_for_one_file_is_cut_into_slabs(tmp_path, monkeypatch):
    monkeypatch.setattr("samtrack.io.store_layout.MAX_SHARD_VOXELS", 20000)
    data = movie((1, 40, 40, 50))
    path = store(tmp_path / "a", data, chunk_voxels=2**12)
    assert len(list((path / "0" / "c" / "0").iterdir())) == 5
    np.testing.assert_array_equal(open_image(path).read(0), data[0])


def test_means_are_rounded_half_up_and_edges_count():
    voxels = np.array([[1, 2, 9], [2, 1, 9], [4, 5, 8]], "uint8")
    np.testing.assert_array_equal(halved(voxels), [[2, 9], [5, 8]])  # 1.5 becomes 2, 4.5 becomes 5
    assert halved(np.full((2, 2), 2**32 - 1, "uint32"))[0, 0] == 2**32 - 1
    assert halved(np.array([[0.5, 1.0], [1.0, 1.0]], "float32"))[0, 0] == np.float32(0.875)


def test_a_pyramid_of_a_movie_is_the_mean_of_the_level_above(tmp_path):
    data = movie((2, 5, 37, 50))
    group = zarr.open_group(store(tmp_path / "a", data, chunk_voxels=2**12, pyramid_levels=3), mode="r")
    np.testing.assert_array_equal(group["1"][:], halved(data))
    np.testing.assert_array_equal(group["2"][:], halved(halved(data)))


def test_compression_levels_are_those_of_zstd():
    assert [blosc_level(n) for n in (1, 2, 3, 5, 19)] == [1, 1, 2, 3, 9]


def test_a_higher_level_is_smaller(tmp_path):
    data = np.sort(movie((1, 9, 64, 64)), axis=1)
    sizes = [
        sum(p.stat().st_size for p in store(tmp_path / str(n), data, compression_level=n).rglob("*") if p.is_file())
        for n in (1, 19)
    ]
    assert sizes[1] < sizes[0]


# labels


@pytest.fixture
def image(tmp_path):
    return store(tmp_path / "01.ome.zarr", movie((3, 33, 50)), pyramid_levels=2)


def write_labels(image, name="tracks", n=3, fail=False):
    labels = movie((3, 33, 50), "uint32") * 1000
    with written_label_image(image / "labels" / name, open_image(image), IngestSettings(pyramid_levels=2)) as writer:
        for t in range(n):
            writer.write(t, labels[t])
        if fail:
            raise RuntimeError("stopped")
    return labels


def test_labels_live_beside_the_image_and_are_valid(image):
    labels = write_labels(image)
    write_labels(image, "cells")
    assert Labels.from_zarr(zarr.open_group(image / "labels", mode="r")).ome_attributes.labels == ["cells", "tracks"]
    label_image = ImageLabel.from_zarr(zarr.open_group(image / "labels" / "tracks", mode="r"))
    assert label_image.ome_attributes.image_label.source.image == "../../"
    assert Image.from_zarr(zarr.open_group(image, mode="r"))
    read = open_image(image / "labels" / "tracks")
    assert (read.dtype, read.scale) == (np.uint32, open_image(image).scale)
    np.testing.assert_array_equal(np.stack([read.read(t) for t in range(3)]), labels)
    half = zarr.open_group(image / "labels" / "tracks", mode="r")["1"][:]
    np.testing.assert_array_equal(half, labels[:, ::2, ::2])


def test_a_writer_that_fails_leaves_no_label_image(image):
    with pytest.raises(RuntimeError, match="stopped"):
        write_labels(image, fail=True)
    assert not (image / "labels" / "tracks").exists()
    assert not (image / "labels" / "zarr.json").exists()
    assert list((image / "labels").iterdir()) == []


def test_labels_are_replaced_as_a_whole(image):
    write_labels(image)
    before = (image / "labels" / "tracks" / "0" / "c" / "0" / "0" / "0").read_bytes()
    write_labels(image)
    assert (image / "labels" / "tracks" / "0" / "c" / "0" / "0" / "0").read_bytes() == before
    assert sorted(p.name for p in (image / "labels").iterdir()) == ["tracks", "zarr.json"]


# what is refused


def test_an_incomplete_store_is_refused(tmp_path):
    writer = create_image(tmp_path / "a", facts_of(movie((1, 8, 8))), IngestSettings())
    writer.write(0, movie((8, 8)))
    with pytest.raises(DataError, match=r"is no complete OME-Zarr of samtrack \(zarr.json is missing\). Run ingest"):
        open_image(tmp_path / "a")


def test_a_foreign_store_is_refused(tmp_path):
    ome = {
        "version": "0.5",
        "multiscales": [
            {"axes": [{"name": "y", "type": "space"}, {"name": "x", "type": "space"}], "datasets": [{"path": "0"}]}
        ],
    }
    group = zarr.open_group(tmp_path / "a", mode="w", zarr_format=3, attributes={"ome": ome})
    group.create_array("0", data=movie((8, 8)))
    with pytest.raises(DataError, match="an OME-Zarr that samtrack did not write"):
        open_image(tmp_path / "a")


def test_a_damaged_shard_is_a_data_error(tmp_path):
    path = store(tmp_path / "a", movie((2, 9, 40, 70)))
    shard = path / "0" / "c" / "1" / "0" / "0" / "0"
    shard.write_bytes(shard.read_bytes()[:-7])
    image = open_image(path)
    image.read(0)
    with pytest.raises(DataError, match="cannot be read, frame 1"):
        image.read(1)


def test_labels_of_an_array_movie_need_no_store(tmp_path):
    """The images may be any frames: only their number, shape and scale count."""
    frames = ArrayFrames([np.zeros((8, 8), "uint8")] * 2, Scale((1.0, 1.0)))
    with written_label_image(tmp_path / "labels" / "tracks", frames, IngestSettings()) as writer:
        for t in range(2):
            writer.write(t, np.full((8, 8), t + 1, "uint32"))
    assert [int(open_image(tmp_path / "labels" / "tracks").read(t).max()) for t in range(2)] == [1, 2]
