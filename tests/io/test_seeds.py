"""Points beside images: every kind of source gives the same points, and what does not fit is told."""

import json

import numpy as np
import pandas as pd
import pytest
import tifffile

from samtrack.config.seed_files import SeedFileSettings
from samtrack.errors import DataError
from samtrack.io.seeds import open_first_cells, open_seeds
from samtrack.types import ArrayFrames, Scale

SHAPE = (8, 30, 40)
SCALE = Scale((2.0, 0.5, 0.5))
PLAIN = SeedFileSettings()
PLACES = [[(2, 10, 20), (5, 20, 10)], [(3, 11, 20)], [(3, 12, 20), (5, 22, 12), (6, 4, 4)]]
"""Voxels of the cells of three frames."""


@pytest.fixture
def images(write_movie):
    """The folder of the images, numbered from 1, and the images."""
    frames = [np.zeros(SHAPE, np.uint8)] * 3
    return write_movie(frames, first=1), ArrayFrames(frames, SCALE)


def as_rows(frames=PLACES):
    return [(t, *place) for t, places in enumerate(frames) for place in places]


def label_images():
    made = []
    for places in PLACES:
        labels = np.zeros(SHAPE, np.uint16)
        for i, (z, y, x) in enumerate(places):
            labels[z - 1 : z + 2, y - 2 : y + 3, x - 1 : x + 2] = 10 + i
        made.append(labels)
    return made


def per_frame(tmp_path, images, write_movie, first=1, z=1):
    folder = tmp_path / "detection"
    folder.mkdir()
    for t, places in enumerate(PLACES):
        rows = [f"{i};9;{x};{y};{z * zz};0.5" for i, (zz, y, x) in enumerate(places)]
        name = f"t{t + first:03d}_item_0005_ExtractSeedBasedIntensityWindowFilter_.csv"
        (folder / name).write_text("\n".join(["id;scale;xpos;ypos;zpos;value", *rows]) + "\n")
    (folder / "readme.md").write_text("no points")
    return folder


def one_table(tmp_path, images, write_movie):
    pd.DataFrame(as_rows(), columns=["frame", "z", "y", "x"]).sample(frac=1, random_state=1).sort_values(
        "frame", kind="stable"
    ).to_csv(tmp_path / "points.csv", index=False)
    return tmp_path / "points.csv"


def in_um(tmp_path, images, write_movie):
    rows = pd.DataFrame(as_rows(), columns=["t", "z_um", "y_um", "x_um"])
    rows[["z_um", "y_um", "x_um"]] *= SCALE.voxel_um
    rows.to_parquet(tmp_path / "points.parquet")
    return tmp_path / "points.parquet"


def tiffs(tmp_path, images, write_movie):
    return write_movie(label_images(), name="labels", pattern="man_track{:03d}.tif")


def ome_zarr(tmp_path, images, write_movie):
    from samtrack.config import build_config
    from samtrack.stages.ingest import run_ingest

    run_ingest(tiffs(tmp_path, images, write_movie), tmp_path / "labels.ome.zarr", build_config({}), 3)
    return tmp_path / "labels.ome.zarr"


def graph(tmp_path, images, write_movie):
    import zarr

    group = zarr.open_group(tmp_path / "points.geff", mode="w", zarr_format=2)
    axes = [{"name": n, "type": "space", "unit": "micrometer"} for n in "zyx"]
    group.attrs["geff"] = {"axes": [{"name": "t", "type": "time"}, *axes]}
    rows = np.array(as_rows(), dtype=np.float64)
    group["nodes/ids"] = np.arange(len(rows), dtype=np.uint64)
    for i, name in enumerate("tzyx"):
        group[f"nodes/props/{name}/values"] = rows[:, i] * (1 if i == 0 else SCALE.voxel_um[i - 1])
    return tmp_path / "points.geff"


@pytest.mark.parametrize("write", [per_frame, one_table, in_um, tiffs, ome_zarr, graph])
def test_every_source_gives_the_same_points(write, tmp_path, images, write_movie):
    seeds = open_seeds(write(tmp_path, images, write_movie), *images, PLAIN)
    for t, places in enumerate(PLACES):
        found = seeds.points_um(t)
        assert found.dtype == np.float64
        expected = np.array(places) * SCALE.voxel_um
        np.testing.assert_allclose(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)], rtol=1e-12)


@pytest.mark.parametrize("first", [0, 1, 7])
def test_files_are_matched_by_number_or_in_order(tmp_path, images, write_movie, first):
    seeds = open_seeds(per_frame(tmp_path, images, write_movie, first), *images, PLAIN)
    assert [len(seeds.points(t)) for t in range(3)] == [2, 1, 3]
    assert seeds.points(0).label.tolist() == [0, 1]


def test_a_frame_without_a_file_is_an_error_or_empty(tmp_path, images, write_movie):
    folder = per_frame(tmp_path, images, write_movie)
    next(folder.glob("t002*")).unlink()
    with pytest.raises(DataError, match=r"no mask for the images 2.*segment\.seeds\.missing: empty"):
        open_seeds(folder, *images, PLAIN)
    seeds = open_seeds(folder, *images, SeedFileSettings(missing="empty"))
    assert [len(seeds.points(t)) for t in range(3)] == [2, 0, 3]
    assert seeds.points_um(1).shape == (0, 3)


def test_a_stretched_z_is_recognised_and_undone(tmp_path, images, write_movie):
    folder = per_frame(tmp_path, images, write_movie, z=2)
    with pytest.raises(DataError, match=r"1 of 2 points of frame 0 .*8 x 30 x 40.* z 10, .*along z alone.*z_divisor"):
        open_seeds(folder, *images, PLAIN).points(0)
    seeds = open_seeds(folder, *images, SeedFileSettings(z_divisor=2))
    np.testing.assert_array_equal(seeds.points_um(0), np.array(PLACES[0]) * SCALE.voxel_um)


def test_swapped_axes_are_recognised(tmp_path, images):
    pd.DataFrame([(0, 10, 2, 20)], columns=["frame", "z", "y", "x"]).to_csv(tmp_path / "p.csv")
    with pytest.raises(DataError, match=r"1 of 1 points of frame 0 .*z 10, y 2, x 20.*order of the axes"):
        open_seeds(tmp_path / "p.csv", *images, PLAIN).points(0)


@pytest.mark.parametrize(("z", "is_inside"), [(-0.5, True), (7.5, True), (-0.6, False), (7.6, False)])
def test_the_outermost_voxels_count_whole(tmp_path, images, z, is_inside):
    pd.DataFrame([(0, z, 2, 20)], columns=["frame", "z", "y", "x"]).to_csv(tmp_path / "p.csv")
    seeds = open_seeds(tmp_path / "p.csv", *images, PLAIN)
    if is_inside:
        assert len(seeds.points(0)) == 1
    else:
        with pytest.raises(DataError, match="outside"):
            seeds.points(0)


def test_a_table_of_a_movie_names_frames_of_the_movie(tmp_path, images):
    pd.DataFrame(as_rows(), columns=["when", "z", "y", "x"]).to_csv(tmp_path / "p.csv")
    with pytest.raises(DataError, match="no column that says in which frame"):
        open_seeds(tmp_path / "p.csv", *images, PLAIN)
    pd.DataFrame(as_rows([[], *PLACES]), columns=["t", "z", "y", "x"]).to_csv(tmp_path / "p.csv")
    with pytest.raises(DataError, match=r"the frames 3, but the movie has the frames 0 to 2"):
        open_seeds(tmp_path / "p.csv", *images, PLAIN)


def test_micrometres_need_a_scale(tmp_path, images, write_movie):
    path = in_um(tmp_path, images, write_movie)
    flat = ArrayFrames([np.zeros(SHAPE, np.uint8)] * 3, Scale((1.0, 1.0, 1.0), is_calibrated=False))
    with pytest.raises(DataError, match=r"nobody says how large a voxel"):
        open_seeds(path, images[0], flat, PLAIN).points(0)


def test_labels_of_another_shape_are_refused(tmp_path, images, write_movie):
    folder = write_movie([labels[:, 1:] for labels in label_images()], name="labels")
    with pytest.raises(DataError, match="must have the shape of its image"):
        open_seeds(folder, *images, PLAIN)


@pytest.mark.parametrize("kind", ["tiff", "json", "csv", "folder", "only first", "table"])
def test_the_cells_of_the_first_frame(kind, tmp_path, images, write_movie):
    path = tmp_path / f"first.{kind}"
    if kind == "tiff":
        tifffile.imwrite(path, label_images()[0], photometric="minisblack")
    elif kind == "json":
        path.write_text(json.dumps({"10": PLACES[0][0], "11": PLACES[0][1]}))
    elif kind == "csv":
        pd.DataFrame([(10, *PLACES[0][0]), (11, *PLACES[0][1])], columns=["label", "z", "y", "x"]).to_csv(path)
    elif kind == "table":
        path = one_table(tmp_path, images, write_movie)
    else:
        path = write_movie(
            label_images()[: 1 if kind == "only first" else 3], name="TRA", pattern="man_track{:03d}.tif"
        )
    found = open_first_cells(path, *images)
    order = np.argsort(found.position_um[:, 0])
    np.testing.assert_array_equal(found.position_um[order], np.array(PLACES[0]) * SCALE.voxel_um)
    if kind != "table":
        assert found.label[order].tolist() == [10, 11]


def test_other_files_are_refused(tmp_path, images):
    (tmp_path / "a.docx").write_text("cells")
    for opened in (lambda p: open_seeds(p, *images, PLAIN), lambda p: open_first_cells(p, *images)):
        with pytest.raises(DataError, match=r"a\.docx: is of a kind that holds no points"):
            opened(tmp_path / "a.docx")
