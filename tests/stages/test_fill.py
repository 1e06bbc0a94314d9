"""From masks to a result: two cells that were given one mask have two in the end."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_patches, read_table
from samtrack.stages.address import Address
from samtrack.stages.validate import run_validate
from samtrack.types import Origin

Track = Callable[[dict[str, Any]], Address]

PLACES = [(20, 20), (20, 33), (60, 22), (62, 70), (24, 70), (84, 46)]


def discs(t: int) -> np.ndarray:
    """Six cells of radius 7 that drift; labels 1 to 6 in order of `PLACES`."""
    grid = np.stack(np.meshgrid(*[np.arange(110)] * 2, indexing="ij"), axis=-1)
    image = np.zeros((110, 110), np.uint16)
    for label, place in enumerate(PLACES, start=1):
        image[(((grid - np.array(place) - t) ** 2).sum(-1) <= 49) & (image == 0)] = label
    return image


@pytest.fixture
def configured(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write a movie in which cells 1 and 2 share mask 1 in frame 2; returns its configuration."""

    def write(**sections: Any) -> dict[str, Any]:
        for name in ("01", "masks"):
            (tmp_path / name).mkdir()
        for t in range(5):
            labels = discs(t)
            tifffile.imwrite(tmp_path / "01" / f"t{t:03d}.tif", (50 + 100 * (labels > 0)).astype(np.uint8))
            tifffile.imwrite(tmp_path / "masks" / f"t{t:03d}.tif", np.where((labels == 2) & (t == 2), 1, labels))
        sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "masks")}
        raw = {"out": str(tmp_path / "out"), "sequences": [sequence], "segment": {"method": "given"}}
        return raw | {"blocks": {"frames": 2}} | sections

    return write


@pytest.mark.parametrize("fill", ["shape", "none"])
def test_a_shared_mask_ends_as_two(configured, track: Track, fill: str):
    address = track(configured(fill={"method": fill}))
    layout = address.layout
    merges = read_table(layout.decided / "merges.parquet")
    assert np.count_nonzero(merges["chosen"]) == 1
    patches = read_patches([layout.patches(name) for name in address.names])
    assert [(p.frame, p.origin) for p in patches] == [(2, Origin.SPLIT)] * 2
    table = pd.read_csv(layout.table_csv)
    assert table.track_id.nunique() == 6
    assert (table.groupby("track_id").t.count() == 5).all()
    assert (table.origin == Origin.SPLIT).sum() == 2
    written, truth = open_image(layout.tracked).read(2), discs(2)
    assert np.array_equal(written > 0, truth > 0), "the two parts fill the mask, and nothing else was drawn"
    for label in (1, 2):
        values, counts = np.unique(written[truth == label], return_counts=True)
        assert counts.max() > 0.9 * counts.sum()
        assert open_image(layout.tracked).read(1)[discs(1) == label].max() == values[counts.argmax()]
    assert (layout.result / "res_track.txt").read_text().splitlines() == [f"{i} 0 4 0" for i in range(1, 7)]
    assert run_validate(layout.result) == []


def test_without_merges_one_cell_is_missing_from_the_shared_mask(configured, track: Track):
    address = track(configured(link={"merges": False}, fill={"method": "none"}))
    assert len(read_table(address.layout.decided / "merges.parquet")["chosen"]) == 0
    table = pd.read_csv(address.layout.table_csv)
    assert (table.t == 2).sum() == 5
