"""Saving the page."""

import os
from pathlib import Path

import numpy as np
import pytest

from samtrack.config.report import ReportSettings
from samtrack.errors import DataError
from samtrack.report import ReportData, draw_page
from samtrack.stages.report import save_report
from samtrack.types import ArrayFrames, Detections, Divisions, Links, Scale, Tracks


@pytest.fixture
def data() -> ReportData:
    """Two empty frames with a name that is not ASCII."""
    none, scale = np.zeros(0, dtype=np.int64), Scale((1.0, 1.0))
    nothing = np.zeros((0, 0))
    return ReportData(
        dataset="Zähler",
        sequence="01",
        images=ArrayFrames([np.zeros((8, 9), dtype=np.uint8)] * 2, scale),
        labels=ArrayFrames([np.zeros((8, 9), dtype=np.uint32)] * 2, scale),
        detections=Detections.empty(2),
        tracks=Tracks(none, none, none, none, none),
        filled=[],
        links=Links(none, none, none, none, nothing),
        link_chosen=none.astype(bool),
        divisions=Divisions(none, none, none, none, nothing),
        division_chosen=none.astype(bool),
        scores=None,
        violations=[],
        settings={},
        versions={},
        timings=None,
        report=ReportSettings(),
    )


def test_the_file_holds_the_page_and_nothing_is_left_beside_it(tmp_path: Path, data: ReportData) -> None:
    out = tmp_path / "deep" / "01_report.html"
    save_report(data, out)
    assert out.read_bytes() == draw_page(data).encode("utf-8")
    assert "Zähler" in out.read_text(encoding="utf-8")
    assert os.listdir(out.parent) == [out.name]


def test_an_older_page_is_replaced(tmp_path: Path, data: ReportData) -> None:
    out = tmp_path / "01_report.html"
    out.write_text("old")
    save_report(data, out)
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path, data: ReportData) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(DataError, match=r"01_report\.html: cannot be written"):
        save_report(data, tmp_path / "file" / "01_report.html")
