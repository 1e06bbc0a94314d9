"""Frames larger than what may be held: no stage reads one whole, and the result is the same byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samtrack.blocks import slabs
from samtrack.config.evaluate import EvaluateSettings
from samtrack.config.simulate import SimulateSettings
from samtrack.io import store_layout
from samtrack.io.ctc import MaskImage
from samtrack.io.labels import LabelBlocks, open_labels
from samtrack.io.movies import MovieFrames
from samtrack.io.ome_zarr import ImageStore
from samtrack.link.propagate import GreyFrames
from samtrack.report import pictures
from samtrack.stages import segment
from samtrack.stages.address import Address
from samtrack.stages.evaluate import run_evaluate
from samtrack.stages.export import TrackedFrames
from samtrack.stages.report import run_report
from samtrack.stages.simulate import run_simulate
from samtrack.stages.validate import run_validate
from samtrack.types import Origin

Track = Callable[[dict[str, Any]], Address]
Digest = Callable[..., dict[str, str]]

RESULT = ("*_RES/*", "*_tracks.csv", "*_tracks.parquet", "*_work/decided/*", "*_work/*/*.parquet", "*_work/*.json")

RECIPE = {
    "frames": 6,
    "shape_px": (24, 72, 80),
    "um_per_voxel": (1.0, 0.5, 0.5),
    "seed": 4,
    "cells": {"count": 10, "cycle_hours": 6},
    "masks": {"merged": 0.15},
}

SLAB = 6000
"""Voxels of a slab in this test: one plane of the movie."""

ALLOWED = 60_000
"""Voxels that a stage may read at once: a cell's box with its surroundings; a frame has 138 240."""


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated movie in 3D with masks that have gaps, and masks of two cells."""
    folder = tmp_path_factory.mktemp("simulated")
    run_simulate(SimulateSettings.model_validate(RECIPE), folder, "01", overwrite=True)
    return folder


def settings(movie: Path, out: Path, method: str) -> dict[str, Any]:
    sequence = {
        "name": "01",
        "images": str(movie / "01"),
        "masks": str(movie / "01_ERR_SEG"),
        "truth": str(movie / "01_GT"),
    }
    return {
        "out": str(out),
        "sequences": [sequence],
        "segment": {"method": method},
        "fill": {"method": "shape"},
        "blocks": {"frames": 4},
        "report": {"frames_shown": 2},
    }


def judged(address: Address) -> dict[str, float | int | None]:
    """Whether a result is valid, and its scores."""
    layout, truth = address.layout, address.sources.truth
    assert truth is not None
    assert run_validate(layout.result) == []
    scores = run_evaluate(layout.result, truth, layout.scores.with_suffix(""), "x", "01", EvaluateSettings(), 2)
    return dict(scores.values)


@pytest.fixture
def small_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that says how much is looked at at once, a thousandth of what it is."""
    monkeypatch.setattr(slabs, "SLAB_VOXELS", SLAB)
    monkeypatch.setattr(slabs, "HELD_VOXELS", SLAB)
    monkeypatch.setattr(slabs, "LAYER_VOXELS", 3 * SLAB)
    monkeypatch.setattr(store_layout, "LAYER_VOXELS", 3 * SLAB)
    monkeypatch.setattr(pictures, "LAYER_VOXELS", SLAB)
    monkeypatch.setattr(segment, "CANVAS_SHARE", 0.0)


@pytest.fixture
def refuse(monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[int]]:
    """From when it is called: whoever reads more at once than is allowed fails. Returns the sizes of what was read."""
    sizes: list[int] = []

    def guard(kind: type) -> None:
        plain = kind.read

        def read(self: Any, *arguments: Any, **named: Any) -> Any:
            found = plain(self, *arguments, **named)
            sizes.append(found.size)
            assert found.size <= ALLOWED, f"{kind.__name__} was asked for {found.shape} at once"
            return found

        monkeypatch.setattr(kind, "read", read)

    def start() -> list[int]:
        for kind in (ImageStore, LabelBlocks, MaskImage, TrackedFrames, MovieFrames, GreyFrames):
            guard(kind)
        return sizes

    return start


@pytest.mark.parametrize("method", ["given", "seeds"])
def test_frames_in_parts_give_the_same_bytes(
    method: str, movie: Path, tmp_path: Path, track: Track, digest: Digest, request: pytest.FixtureRequest
):
    whole = track(settings(movie, tmp_path / "whole", method))
    scores, expected = judged(whole), digest(tmp_path / "whole", *RESULT)
    assert len(expected) > 20
    request.getfixturevalue("small_memory")
    sizes: list[int] = []
    if method == "given":  # the classical segmentation reads the surroundings of a tile, here the frame
        table = np.genfromtxt(whole.layout.table_csv, delimiter=",", names=True)
        assert {Origin.FILLED, Origin.SPLIT} <= set(table["origin"].astype(int))
        sizes = request.getfixturevalue("refuse")()
    parts = track(settings(movie, tmp_path / "parts", method))
    assert judged(parts) == scores
    if method == "given":
        run_report(parts)
    assert digest(tmp_path / "parts", *RESULT) == expected
    labels = [open_labels([address.layout.labels(name) for name in address.names]) for address in (whole, parts)]
    for frame in range(whole.n_frames):
        planes = [np.concatenate([_plane(of, frame, z) for z in range(24)]) for of in labels]
        np.testing.assert_array_equal(*planes)
    assert method == "seeds" or len(sizes) > 1000


def _plane(labels: LabelBlocks, frame: int, z: int) -> np.ndarray:
    box = slabs.Box((z, 0, 0), (z + 1, *labels.shape[1:]))
    return labels.read(frame, box)
