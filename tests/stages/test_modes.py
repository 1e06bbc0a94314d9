"""Modes from files to results: the same from TIFF and OME-Zarr, seeds of the user included."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from samtrack.config import build_config
from samtrack.config.modes import DRAWS, methods_of
from samtrack.errors import DataError, SettingsError
from samtrack.io.labels import open_labels
from samtrack.io.tables import read_patches
from samtrack.stages.ingest import run_ingest
from samtrack.stages.plan import complete, count_axes, fingerprint, save_run_config
from samtrack.stages.summary import planned
from samtrack.stages.validate import run_validate
from samtrack.testing.networks import SMALL_HABITS, SMALL_SAM2

PLACES = [(20, 20), (20, 50), (60, 22), (62, 70), (24, 78), (84, 46)]


def discs(t: int, without: int = 0) -> np.ndarray:
    """Six cells of radius 7 that drift; labels 1 to 6 in order of `PLACES`."""
    grid = np.stack(np.meshgrid(*[np.arange(110)] * 2, indexing="ij"), axis=-1)
    image = np.zeros((110, 110), np.uint16)
    for label, place in enumerate(PLACES, start=1):
        if label != without:
            image[((grid - np.array(place) - t) ** 2).sum(-1) <= 49] = label
    return image


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory, random_engine) -> Path:
    """A folder with the weights of a small random network, which expects little of itself."""
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("weights")
    state = random_engine().network.model.state_dict()
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(SMALL_SAM2 | {"samtrack": SMALL_HABITS}), encoding="utf-8")
    return folder


@pytest.fixture
def movie(tmp_path: Path, weights: Path) -> Callable[..., dict[str, Any]]:
    """Write five frames, masks that lack cell 2 in frame 2, and points; returns a configuration, of TIFF or OME-Zarr."""
    for name in ("01", "masks", "points"):
        (tmp_path / name).mkdir()
    for t in range(5):
        tifffile.imwrite(tmp_path / "01" / f"t{t:03d}.tif", (50 + 100 * (discs(t) > 0)).astype(np.uint8))
        tifffile.imwrite(tmp_path / "masks" / f"t{t:03d}.tif", discs(t, without=2 if t == 2 else 0))
        rows = pd.DataFrame(np.array(PLACES) + t, columns=["ypos", "xpos"])
        rows.to_csv(tmp_path / "points" / f"t{t:03d}_item_0005.csv", sep=";", index_label="id")

    def configuration(mode: str, kind: str = "tiff", **sequence: str) -> dict[str, Any]:
        images, masks = tmp_path / "01", tmp_path / "masks"
        if kind == "zarr":
            images, masks = (_as_zarr(path) for path in (images, masks))
        sequence = {"name": "01", "images": str(images), **sequence}
        sequence |= {"masks": str(masks)} if mode != "track" else {}
        raw = {"mode": mode, "out": str(tmp_path / f"{mode}_{kind}"), "sequences": [sequence], "blocks": {"frames": 3}}
        sam2 = {"weights": str(weights), "device": "cpu"}
        return raw | {
            "sam2": sam2,
            "movie": {"cell_diameter_um": 14.0, "um_per_voxel": [1.0, 1.0]},
            "link": {"sam2": "off"},
        }

    return configuration


def _as_zarr(folder: Path) -> Path:
    out = folder.with_name(f"{folder.name}.ome.zarr")
    if not out.exists():
        run_ingest(folder, out, build_config({}), 5)
    return out


@pytest.mark.parametrize(("mode", "n_filled"), [("link", 0), ("link_and_generate", 1)])
def test_masks_given_are_linked_and_missing_ones_drawn_if_wanted(movie, track, digest, mode, n_filled):
    results = []
    for kind in ("tiff", "zarr"):
        address = track(movie(mode, kind))
        assert run_validate(address.layout.result) == []
        patches = read_patches([address.layout.patches(name) for name in address.names])
        assert [patch.frame for patch in patches] == [2] * n_filled
        results.append(digest(address.layout.out, "01_RES/*", "01_tracks.csv"))
    assert len(results[0]) == 7
    assert results[0] == results[1]


def test_points_are_enough_to_track(movie, track, digest, caplog, tmp_path):
    results = []
    for kind in ("tiff", "zarr"):
        raw = movie("track", kind, seeds=str(tmp_path / "points"))
        with caplog.at_level(logging.INFO, logger="samtrack"):
            address = track(raw | {"segment": {"min_iou": 0.9}})
        assert (address.config.segment.method, address.config.fill.method) == ("sam2", "sam2")
        assert run_validate(address.layout.result) == []
        results.append(digest(address.layout.out, "01_RES/*", "01_tracks.csv"))
    assert results[0] == results[1]
    line = next(line for line in caplog.messages if line.startswith("segment 01 00000"))
    assert "18 cells" in line
    assert f"around the points in {tmp_path / 'points'}" in line
    labels = open_labels([address.layout.labels("00000-00003")]).read(1)
    np.testing.assert_array_equal(labels > 0, discs(1) > 0, "the network is not sure of itself: discs stay")
    rows = (address.layout.result / "res_track.txt").read_text().splitlines()
    assert rows == [f"{i} 0 4 0" for i in range(1, 7)]


def test_points_beside_the_images_are_told(movie, track, tmp_path):
    path = tmp_path / "points" / "t003_item_0005.csv"
    path.write_text(path.read_text().replace(";23", ";230"))
    with pytest.raises(DataError, match=r"points: \d of 6 points of frame 3 lie outside of the image"):
        track(movie("track", seeds=str(tmp_path / "points")))


@pytest.mark.parametrize("kind", ["tiff", "zarr"])
@pytest.mark.parametrize("ndim", [2, 3])
def test_the_plan_asks_the_images_how_many_axes_they_have(tmp_path, kind, ndim):
    folder = tmp_path / "01"
    folder.mkdir()
    for t in range(2):
        tifffile.imwrite(folder / f"t{t:03d}.tif", np.zeros((5, 20, 30)[-ndim:], np.uint8), photometric="minisblack")
    images = folder
    if kind == "zarr":
        images = tmp_path / "01.ome.zarr"
        run_ingest(folder, images, build_config({}), 2)
    raw = {"mode": "track", "out": str(tmp_path / "out"), "sequences": [{"name": "01", "images": str(images)}]}
    assert count_axes(build_config({k: v for k, v in raw.items() if k != "mode"})) == ndim
    if DRAWS[ndim] not in methods_of("segment") or DRAWS[ndim] not in methods_of("fill"):
        with pytest.raises(SettingsError, match=f"in {ndim}D needs segment.method '{DRAWS[ndim]}'"):
            planned(raw)
        return
    config = planned(raw)
    assert (config.segment.method, config.fill.method) == (DRAWS[ndim], DRAWS[ndim])
    path = save_run_config(config)
    import yaml

    assert build_config(yaml.safe_load(path.read_text())) == config, "stages need not open the images for that"


def test_images_that_are_not_there_are_told(tmp_path):
    raw = {"mode": "track", "out": str(tmp_path), "sequences": [{"name": "01", "images": str(tmp_path / "none")}]}
    with pytest.raises(DataError, match=r"sequence 01: images .*none does not exist"):
        planned(raw)


@pytest.mark.parametrize("kind", ["seeds", "first_frame"])
def test_files_must_exist_and_count_only_where_they_are_read(tmp_path, movie, kind):
    raw = movie("track", **{kind: str(tmp_path / "none")})
    with pytest.raises(DataError, match=f"sequence 01: {kind} .*none does not exist"):
        complete(build_config(raw))
    raw = movie("track", **{kind: str(tmp_path / "points")}) | {"lineages": "from_first_frame"}
    config = complete(build_config(raw))
    before = fingerprint(config, config.sequences[0], kind)
    assert before
    os.utime(tmp_path / "points" / "t002_item_0005.csv", (1, 1))
    assert fingerprint(config, config.sequences[0], kind) != before
    raw |= {"lineages": "all", "segment": {"seeds": {"method": "seeds"}}}
    config = complete(build_config(raw))
    assert fingerprint(config, config.sequences[0], kind) == ""
