"""The result must not depend on how the movie was cut, nor on the order of labels. Byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from samtrack.config.simulate import SimulateSettings
from samtrack.stages.address import Address
from samtrack.stages.simulate import run_simulate
from samtrack.types import Origin

Track = Callable[[dict[str, Any]], Address]
Digest = Callable[..., dict[str, str]]

RESULT = ("*_RES/*", "*_tracks.csv", "*_tracks.parquet", "*.ome.zarr/labels/**/*", "*_work/decided/*")

RECIPES = {
    2: {
        "frames": 14,
        "shape_px": (160, 160),
        "seed": 3,
        "cells": {"count": 12, "cycle_hours": 6},
        "masks": {"merged": 0.15},
    },
    3: {
        "frames": 14,
        "shape_px": (12, 72, 72),
        "um_per_voxel": (1.0, 0.5, 0.5),
        "seed": 4,
        "cells": {"count": 8, "cycle_hours": 6},
        "masks": {"merged": 0.15},
    },
}


@pytest.fixture(scope="module", params=[2, 3], ids=["2D", "3D"])
def movie(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated movie with divisions, gaps in its masks and masks of two cells; and the masks with labels reversed."""
    folder = tmp_path_factory.mktemp("simulated")
    run_simulate(SimulateSettings.model_validate(RECIPES[request.param]), folder, "01", overwrite=True)
    (folder / "reversed").mkdir()
    for path in sorted((folder / "01_ERR_SEG").glob("*.tif")):
        labels = tifffile.imread(path)
        turned = np.where(labels > 0, labels.max() + 1 - labels, 0).astype(labels.dtype)
        tifffile.imwrite(folder / "reversed" / path.name, turned)
    return folder


def settings(movie: Path, out: Path, frames: int, masks: str = "01_ERR_SEG") -> dict[str, Any]:
    sequence = {"name": "01", "images": str(movie / "01"), "masks": str(movie / masks)}
    ndim = tifffile.imread(movie / "01" / "t000.tif").ndim
    return {
        "out": str(out),
        "fill": {"method": "sam2" if ndim == 2 else "prompts3d"},
        "sequences": [sequence],
        "segment": {"method": "given"},
        "blocks": {"frames": frames},
    }


@pytest.mark.parametrize(
    ("fill", "lengths"), [({"fill": {"method": "shape"}}, (1, 3, 7)), ({}, (4,))], ids=["by shape", "by the network"]
)
def test_block_length_changes_nothing(
    movie: Path, tmp_path: Path, track: Track, digest: Digest, fill: dict[str, Any], lengths: tuple[int, ...]
):
    """A network, which takes long for blocks of one frame, has the movie cut in one way only."""
    whole = track(settings(movie, tmp_path / "whole", 14) | fill)
    table = np.genfromtxt(whole.layout.table_csv, delimiter=",", names=True)
    assert np.unique(table["parent_track_id"]).size > 1, "the movie should hold divisions"
    assert (table["origin"] == Origin.FILLED).any(), "the movie should hold filled gaps"
    assert (table["origin"] == Origin.SPLIT).any(), "the movie should hold shared masks"
    expected = digest(tmp_path / "whole", *RESULT)
    assert len(expected) > 14
    for frames in lengths:
        track(settings(movie, tmp_path / str(frames), frames) | fill)
        assert digest(tmp_path / str(frames), *RESULT) == expected, f"blocks of {frames} frames"


def test_the_order_of_labels_changes_nothing(movie: Path, tmp_path: Path, track: Track, digest: Digest):
    """The same masks with every frame's labels in reverse order give the same CTC result."""
    track(settings(movie, tmp_path / "a", 5))
    track(settings(movie, tmp_path / "b", 5, "reversed"))
    assert digest(tmp_path / "a", "*_RES/*") == digest(tmp_path / "b", "*_RES/*")


def test_seeds_do_not_depend_on_blocks_either(movie: Path, tmp_path: Path, track: Track, digest: Digest):
    """Without masks the cell's diameter is measured on the movie; every block must come to the same."""
    results = []
    for frames in (5, 14):
        raw = settings(movie, tmp_path / str(frames), frames) | {"segment": {"method": "seeds"}}
        track(raw)
        results.append(digest(tmp_path / str(frames), *RESULT))
    assert results[0] == results[1]


@pytest.mark.parametrize("linker", ["greedy", "overlap", "kalman"])
def test_neither_changes_what_other_linkers_decide(
    movie: Path, tmp_path: Path, track: Track, digest: Digest, linker: str
):
    """Labels in reverse order and other blocks at once. Gaps are filled by the shape: the network has its own tests."""
    sections = {"associate": {"linker": linker}, "fill": {"method": "shape"}}
    track(settings(movie, tmp_path / "a", 5) | sections)
    track(settings(movie, tmp_path / "b", 14, "reversed") | sections)
    assert digest(tmp_path / "a", "*_RES/*") == digest(tmp_path / "b", "*_RES/*")


def test_a_gap_of_the_second_look_is_filled_in_blocks_of_one_frame(tmp_path: Path, track: Track, digest: Digest):
    """Longer than the proposals of single blocks reach: ends of tracks that only the whole movie shows."""
    place = np.add.outer(np.arange(4) * 24, np.zeros(4, int)) + 12
    centres = np.stack([place, place.T], -1).reshape(-1, 2)
    y, x = np.indices((96, 96))
    folder = tmp_path / "masks"
    folder.mkdir()
    for t in range(12):
        labels = np.zeros((96, 96), np.uint16)
        for cell, (cy, cx) in enumerate(centres, start=1):
            if not (cell == 6 and 4 <= t < 8):
                labels[np.hypot(y - cy - t / 3, x - cx) < 6] = cell
        tifffile.imwrite(folder / f"mask{t:03d}.tif", labels)
        (tmp_path / "images").mkdir(exist_ok=True)
        tifffile.imwrite(tmp_path / "images" / f"t{t:03d}.tif", (labels > 0) * np.uint16(500))
    results = []
    for frames in (12, 1):
        out = tmp_path / str(frames)
        sequence = {"name": "01", "images": str(tmp_path / "images"), "masks": str(folder)}
        raw = {"out": str(out), "sequences": [sequence], "segment": {"method": "given"}, "fill": {"method": "shape"}}
        raw |= {"link": {"max_gap_frames": 2, "long_gap_frames": 2}}
        address = track(raw | {"blocks": {"frames": frames}})
        table = np.genfromtxt(address.layout.table_csv, delimiter=",", names=True)
        assert sorted(table["t"][table["origin"] == Origin.FILLED]) == [4, 5, 6, 7]
        results.append(digest(out, *RESULT))
    assert results[0] == results[1]
