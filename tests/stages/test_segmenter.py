"""Stages whose method is prompts3d: what they say, what they write, flat movies refused."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from samtrack.blocks import slabs
from samtrack.config import build_config
from samtrack.errors import SettingsError
from samtrack.io import store_layout
from samtrack.io.labels import LabelBlocks, open_labels
from samtrack.io.ome_zarr import ImageStore
from samtrack.io.tables import read_patches
from samtrack.segment import prompts3d
from samtrack.stages import segment as segment_stage
from samtrack.stages.address import Address
from samtrack.stages.fill import run_fill
from samtrack.stages.ingest import run_ingest
from samtrack.stages.plan import complete
from samtrack.stages.segment import run_segment
from samtrack.stages.segmenter import ORIGINS, workers_of
from samtrack.testing.networks import SMALL_SAMMED3D
from samtrack.types import Origin

PLACES = [(6, 12, 14), (6, 34, 16), (8, 14, 38), (7, 36, 38)]


def balls(t: int, without: int = 0) -> np.ndarray:
    """Four cells of radius 6 (3 slices) that drift; labels 1 to 4 in order of `PLACES`."""
    grid = np.stack(np.meshgrid(np.arange(14), *[np.arange(50)] * 2, indexing="ij"), axis=-1)
    image = np.zeros((14, 50, 50), np.uint16)
    for label, place in enumerate(PLACES, start=1):
        if label != without:
            image[(((grid - np.array(place) - [0, t, t]) * [2, 1, 1]) ** 2).sum(-1) <= 36] = label
    return image


@pytest.fixture(scope="session")
def weights3d(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the weights of a small random network, and the size of cells that it likes."""
    from safetensors.torch import save_file

    from samtrack.models.sammed3d.build import config_of, random_model, state_of
    from samtrack.models.sammed3d.sizes import Sizes

    folder, sizes = tmp_path_factory.mktemp("weights3d"), Sizes(**SMALL_SAMMED3D)
    save_file(state_of(random_model(sizes, 5)), folder / "model.safetensors")
    config = config_of(sizes) | {"samtrack": {"cell_px": 14.0}}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture
def movie(tmp_path: Path, weights3d: Path) -> dict[str, Any]:
    """A movie of four frames in which cell 2 lacks its mask in frame 1."""
    for name in ("01", "masks"):
        (tmp_path / name).mkdir()
    rng = np.random.default_rng(0)
    for t in range(4):
        image = 50 + 100 * (balls(t) > 0) + rng.normal(0, 3, (14, 50, 50))
        tifffile.imwrite(tmp_path / "01" / f"t{t:03d}.tif", image.astype(np.uint8))
        tifffile.imwrite(tmp_path / "masks" / f"t{t:03d}.tif", balls(t, without=2 if t == 1 else 0))
    sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "masks")}
    settings = {"weights": str(weights3d), "device": "cpu"}
    scale = {"um_per_voxel": [2.0, 1.0, 1.0], "cell_diameter_um": 12.0}
    return {
        "out": str(tmp_path / "out"),
        "sequences": [sequence],
        "blocks": {"frames": 2},
        "sammed3d": settings,
        "movie": scale,
        "link": {"sam2": "off"},
        "fill": {"method": "none"},
    }


def segment(raw: dict[str, Any]) -> Address:
    """The stages up to the labels."""
    config = complete(build_config(raw))
    address = Address(config, config.sequences[0])
    run_ingest(address.sources.images, address.layout.movie, config, address.sequence.frames)
    for name in address.names:
        run_segment(address, name)
    return address


def segmented(address: Address) -> np.ndarray:
    frames = open_labels([address.layout.labels(name) for name in address.names])
    return np.stack([frames.read(t) for t in range(4)])


def test_masks_from_clicks_are_labels_of_their_own_origin(movie, caplog):
    with caplog.at_level(logging.INFO, logger="samtrack"):
        address = segment(movie | {"segment": {"method": "prompts3d"}})
    lines = [r.getMessage() for r in caplog.records if "cell diameter" in r.getMessage()]
    assert len(lines) == 2
    assert all("of 8 points" in line and "drawn without the network" in line for line in lines), lines
    before = segmented(address)
    assert [len(np.unique(frame)) - 1 for frame in before] == [4] * 4
    store = json.loads((address.layout.labels(address.names[0]) / "zarr.json").read_text())
    assert str(Origin.PROMPT3D.value) in json.dumps(store)
    run_segment(address, address.names[1])
    np.testing.assert_array_equal(segmented(address), before)


def test_points_of_a_file_are_the_seeds(movie, tmp_path):
    rows = ["frame,z,y,x"]
    rows += [f"{t},{z},{y + t},{x + t}" for t in range(4) for z, y, x in PLACES[:3]]
    (tmp_path / "seeds.csv").write_text("\n".join(rows))
    movie["sequences"][0]["seeds"] = str(tmp_path / "seeds.csv")
    address = segment(movie | {"segment": {"method": "prompts3d", "seeds": {"method": "file"}}})
    labels = segmented(address)
    for t in range(4):
        at = {int(labels[t, z, y + t, x + t]) for z, y, x in PLACES[:3]}
        assert len(at) == 3, "a cell at each point"
        assert at == set(np.unique(labels[t])) - {0}


def test_a_gap_is_filled_whatever_the_blocks(movie, track, caplog):
    raw = movie | {"segment": {"method": "given"}, "fill": {"method": "prompts3d"}}
    with caplog.at_level(logging.INFO, logger="samtrack"):
        address = track(raw)
    assert any("of 1 drawn" in r.getMessage() for r in caplog.records)
    (patch,) = read_patches([address.layout.patches(name) for name in address.names])
    assert (patch.frame, patch.origin) == (1, Origin.FILLED)
    whole = np.zeros((14, 50, 50), bool)
    whole[patch.box.slices] = patch.mask
    true = balls(1) == 2
    assert np.count_nonzero(whole & true) / np.count_nonzero(whole | true) > 0.3
    run_fill(address, address.names[0])
    (again,) = read_patches([address.layout.patches(name) for name in address.names])
    np.testing.assert_array_equal(again.mask, patch.mask)


@pytest.mark.parametrize("section", ["segment", "fill"])
def test_a_flat_movie_is_refused(movie, track, tmp_path, section):
    for t in range(4):
        for name in ("01", "masks"):
            path = tmp_path / name / f"t{t:03d}.tif"
            tifffile.imwrite(path, tifffile.imread(path)[7])
    movie["movie"] = {"um_per_voxel": [1.0, 1.0], "cell_diameter_um": 12.0}
    with pytest.raises(
        SettingsError, match=f"{section}.method is 'prompts3d', .* has 2 axes. Choose {section}.method: sam2"
    ):
        track(movie | {"segment": {"method": "given"}, section: {"method": "prompts3d"}})


def test_who_made_the_masks_and_how_many_frames_at_once(movie):
    def address_of(method: str) -> Address:
        config = complete(build_config(movie | {"segment": {"method": method}, "resources": {"workers": 3}}))
        return Address(config, config.sequences[0])

    workers = {method: workers_of(address_of(method)) for method in ORIGINS}
    assert workers == {"given": 3, "seeds": 3, "sam2": 1, "prompts3d": 1}
    assert set(ORIGINS.values()) == {Origin.GIVEN, Origin.SEEDS, Origin.SAM2, Origin.PROMPT3D}


LONG = (12, 200, 48)
"""Shape of frames that are long in cells of 6 voxels, so that parts of them can be looked at alone."""

PLANE = 200 * 48
"""Voxels of a plane of them: the size of a slab in this test."""

ALLOWED = 60_000
"""Voxels that may be read at once: a cell's surroundings; a frame has 115 200."""


@pytest.fixture
def long_movie(tmp_path: Path, weights3d: Path) -> Callable[..., dict[str, Any]]:
    """A movie of three long frames with some thirty cells; in frame 1 the points lack one of them."""
    (tmp_path / "long").mkdir()
    rng = np.random.default_rng(2)
    y, x = (axis.ravel() for axis in np.meshgrid(np.arange(8, 192, 12), [9, 23, 38], indexing="ij"))
    place = np.stack([rng.integers(4, 8, len(y)), y, x], axis=1)[rng.random(len(y)) < 0.7]
    around = np.argwhere(np.ones((3, 7, 7))) - [1, 3, 3]
    around = around[((around * [2, 1, 1]) ** 2).sum(axis=1) <= 9]
    rows = ["frame,z,y,x"]
    for t in range(3):
        image = 50 + rng.normal(0, 3, LONG)
        image[tuple((place[:, None] + [0, t, 0] + around).reshape(-1, 3).T)] += 100
        tifffile.imwrite(tmp_path / "long" / f"t{t:03d}.tif", image.astype(np.uint8))
        rows += [f"{t},{z},{y + t},{x}" for i, (z, y, x) in enumerate(place.tolist()) if (t, i) != (1, 7)]
    (tmp_path / "points.csv").write_text("\n".join(rows))

    def configuration(out: str, seeds: str) -> dict[str, Any]:
        sequence = {"name": "01", "images": str(tmp_path / "long")}
        return {
            "mode": "track",
            "out": str(tmp_path / out),
            "sequences": [sequence | ({"seeds": str(tmp_path / "points.csv")} if seeds == "points" else {})],
            "blocks": {"frames": 2},
            "sammed3d": {"weights": str(weights3d), "device": "cpu"},
            "movie": {"um_per_voxel": [2.0, 1.0, 1.0], "cell_diameter_um": 6.0},
        }

    return configuration


@pytest.mark.parametrize("seeds", ["points", "classical"])
def test_frames_painted_in_parts_on_disk_give_the_same_bytes(long_movie, track, digest, monkeypatch, seeds):
    result = ("*_RES/*", "*_tracks.csv", "*_work/decided/*", "*_work/*/*.parquet")
    whole = track(long_movie("whole", seeds))
    assert (whole.config.segment.method, whole.config.fill.method) == ("prompts3d", "prompts3d")
    n_filled = sum(p.origin == Origin.FILLED for p in read_patches([whole.layout.patches(n) for n in whole.names]))
    assert n_filled > 0 or seeds == "classical"
    expected = digest(whole.layout.out, *result)
    assert len(expected) > 10
    for module, name in ((slabs, "SLAB_VOXELS"), (slabs, "HELD_VOXELS"), (segment_stage, "CANVAS_SHARE")):
        monkeypatch.setattr(module, name, 0.0 if name == "CANVAS_SHARE" else PLANE)
    for module in (slabs, store_layout):
        monkeypatch.setattr(module, "LAYER_VOXELS", 3 * PLANE)
    monkeypatch.setattr(prompts3d, "SIDE", 16)
    if seeds == "points":  # the classical segmentation reads the surroundings of a tile, here the frame
        _guard(monkeypatch, ImageStore, LabelBlocks)
    parts = track(long_movie("parts", seeds))
    assert digest(parts.layout.out, *result) == expected


def _guard(monkeypatch: pytest.MonkeyPatch, *kinds: type) -> None:
    """From now on, whoever reads more at once than is allowed fails."""

    def guarded(plain: Callable[..., Any]) -> Callable[..., Any]:
        def read(self: Any, *arguments: Any, **named: Any) -> Any:
            found = plain(self, *arguments, **named)
            assert found.size <= ALLOWED, f"{found.shape} was read at once"
            return found

        return read

    for kind in kinds:
        monkeypatch.setattr(kind, "read", guarded(kind.read))
