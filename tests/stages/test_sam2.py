"""Stages whose method is SAM 2: what they say, what they write, the same however the movie is cut."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from samtrack.io.labels import open_labels
from samtrack.io.tables import read_patches
from samtrack.stages.fill import run_fill
from samtrack.stages.segment import run_segment
from samtrack.testing.networks import SMALL_HABITS, SMALL_SAM2
from samtrack.types import Origin

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
    """A folder with the weights of a small random network, and how they are to be used."""
    from safetensors.torch import save_file

    folder = tmp_path_factory.mktemp("weights")
    state = random_engine().network.model.state_dict()
    save_file({name: tensor.contiguous().clone() for name, tensor in state.items()}, folder / "model.safetensors")
    config = SMALL_SAM2 | {"samtrack": SMALL_HABITS}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


@pytest.fixture
def movie(tmp_path: Path, weights: Path) -> dict[str, Any]:
    """A movie of five frames in which cell 2 lacks its mask in frame 2."""
    for name in ("01", "masks"):
        (tmp_path / name).mkdir()
    for t in range(5):
        tifffile.imwrite(tmp_path / "01" / f"t{t:03d}.tif", (50 + 100 * (discs(t) > 0)).astype(np.uint8))
        tifffile.imwrite(tmp_path / "masks" / f"t{t:03d}.tif", discs(t, without=2 if t == 2 else 0))
    sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "masks")}
    sam2 = {"weights": str(weights), "device": "cpu"}
    return {"out": str(tmp_path / "out"), "sequences": [sequence], "blocks": {"frames": 2}, "sam2": sam2}


def test_a_gap_is_filled_and_the_line_says_by_whom(movie, track, caplog):
    with caplog.at_level(logging.INFO, logger="samtrack"):
        address = track(movie | {"segment": {"method": "given"}, "fill": {"method": "sam2", "min_iou": 0.0}})
    lines = [line for line in caplog.messages if line.startswith("fill 01")]
    assert [("runs on cpu, as asked" in line, "drawn" in line) for line in lines] == [
        (False, False),
        (True, True),
        (False, False),
    ], "no network is opened for blocks without gaps"
    (patch,) = read_patches([address.layout.patches(name) for name in address.names])
    assert (patch.frame, patch.origin) == (2, Origin.FILLED)
    truth = discs(2) == 2
    hit = np.count_nonzero(truth[patch.box.slices] & patch.mask)
    assert hit / (np.count_nonzero(truth) + np.count_nonzero(patch.mask) - hit) > 0.7
    before = address.layout.patches("00002-00004").read_bytes()
    run_fill(address, "00002-00004")
    assert address.layout.patches("00002-00004").read_bytes() == before


def test_objects_are_drawn_by_the_network(movie, track, caplog):
    raw = movie | {"segment": {"method": "sam2", "min_iou": 0.9}, "movie": {"cell_diameter_um": 14.0}}
    with caplog.at_level(logging.INFO, logger="samtrack"):
        address = track(raw)
    line = next(line for line in caplog.messages if line.startswith("segment 01 00000"))
    assert "runs on cpu, as asked" in line
    assert "12 cells" in line, "a random network expects little of itself: the classical masks stay"
    path = address.layout.labels("00000-00002")
    first = open_labels([path]).read(0)
    run_segment(address, "00000-00002")
    assert np.array_equal(open_labels([path]).read(0), first)
