"""The last stages: trimming to the field of interest, results the CTC cannot hold, digits, cells that vanish."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import tifffile

from samtrack.errors import SubmissionError
from samtrack.io.ome_zarr import open_image
from samtrack.stages.address import Address
from samtrack.stages.export import run_export_ctc
from samtrack.stages.validate import run_validate

Track = Callable[[dict[str, Any]], Address]


@pytest.fixture
def movie(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """Write masks as images and as masks; returns the configuration that links them."""

    def write(masks: list[np.ndarray], **sections: Any) -> dict[str, Any]:
        for name, dtype in (("01", np.uint16), ("masks", np.uint32)):
            (tmp_path / name).mkdir()
            for t, mask in enumerate(masks):
                picture = mask if name == "masks" else 100 + 500 * (mask > 0)
                tifffile.imwrite(tmp_path / name / f"t{t:04d}.tif", picture.astype(dtype))
        sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "masks")}
        raw = {"out": str(tmp_path / "out"), "sequences": [sequence], "segment": {"method": "given"}}
        return raw | sections

    return write


def frame(*boxes: tuple[int, int, int], shape: tuple[int, int] = (60, 80)) -> np.ndarray:
    """Squares of side 6 with their upper left corner at (y, x), with the given labels."""
    labels = np.zeros(shape, np.uint32)
    for y, x, label in boxes:
        labels[y : y + 6, x : x + 6] = label
    return labels


def test_what_lies_wholly_in_the_rim_is_not_written(movie, track: Track):
    masks = [frame((2, 30, 1), (7, 50, 2), (30, 30, 3)) for _ in range(3)]
    address = track(movie(masks, export={"field_of_interest_px": 10}))
    written = tifffile.imread(address.layout.result / "mask001.tif")
    assert len(np.unique(written)) == 3, "two objects and the background"
    assert written[4, 32] == 0, "wholly in the rim"
    assert (written[7:13, 50:56] > 0).all(), "reaches out of the rim, so it is written whole"
    assert len(np.unique(open_image(address.layout.tracked).read(1))) == 4, "the labels for people hold all"
    table = pd.read_csv(address.layout.table_csv)
    assert table.loc[~table.in_field, "ctc_label"].eq(0).all()
    assert run_validate(address.layout.result) == []


def test_a_cell_that_leaves_the_field_and_returns_is_cut(movie, track: Track):
    """In the rim for one frame: present before and after, so the CTC track has a hole and becomes two."""
    masks = [frame((12, 30, 1)), frame((9, 30, 1)), frame((3, 30, 1)), frame((9, 30, 1)), frame((12, 30, 1))]
    address = track(movie(masks, export={"field_of_interest_px": 10}))
    rows = (address.layout.result / "res_track.txt").read_text().splitlines()
    assert rows == ["1 0 1 0", "2 3 4 1"]
    assert run_validate(address.layout.result) == []


def test_no_cells_at_all(movie, track: Track):
    address = track(movie([frame() for _ in range(3)]))
    assert not tifffile.imread(address.layout.result / "mask002.tif").any()
    assert (address.layout.result / "res_track.txt").read_text() == ""
    assert len(pd.read_csv(address.layout.table_csv)) == 0


def test_one_frame_and_one_cell(movie, track: Track):
    address = track(movie([frame((20, 20, 7))]))
    assert (address.layout.result / "res_track.txt").read_text() == "1 0 0 0\n"
    assert run_validate(address.layout.result) == []


def test_digits_above_a_thousand_frames(movie, track: Track):
    masks = [frame((4, 4, 1), shape=(16, 16)) for _ in range(1001)]
    address = track(movie(masks, blocks={"frames": 501}, ingest={"compression_level": 1}))
    names = sorted(path.name for path in address.layout.result.glob("mask*.tif"))
    assert (names[0], names[-1], len(names)) == ("mask0000.tif", "mask1000.tif", 1001)
    assert (address.layout.result / "res_track.txt").read_text() == "1 0 1000 0\n"


def test_more_tracks_than_16_bits_hold(movie, track: Track):
    """65 536 one-voxel cells: an error for the CTC result, while everything else is complete."""
    labels = np.zeros((512, 512), np.uint32)
    labels[::2, ::2] = np.arange(1, 65537).reshape(256, 256)
    raw = movie([labels], export={"ctc": False})
    address = track(raw)
    with pytest.raises(SubmissionError, match=r"65536 tracks.*at most 65535.*export\.ctc: false"):
        run_export_ctc(address)
    assert not address.layout.result.exists()
    assert int(open_image(address.layout.tracked).read(0).max()) == 65536
    assert len(pd.read_csv(address.layout.table_csv)) == len(pd.read_parquet(address.layout.table)) == 65536
