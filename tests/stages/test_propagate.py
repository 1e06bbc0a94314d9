"""The stage propagate: evidence on disk, the same however the movie is cut, and what the linker makes of it."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.errors import DataError
from samtrack.io.evidence import read_evidence, write_evidence
from samtrack.io.tables import read_detections, read_table, write_table
from samtrack.stages import progress
from samtrack.stages.address import Address
from samtrack.stages.propagate import run_propagate
from samtrack.stages.simulate import run_simulate
from samtrack.types import Detections, Evidence

Track = Callable[[dict[str, Any]], Address]

RECIPE = {"frames": 6, "shape_px": (64, 64), "seed": 3, "cells": {"count": 5, "diameter_um": 8.0, "cycle_hours": 4.0}}


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("simulated")
    run_simulate(SimulateSettings.model_validate(RECIPE), folder, "01", overwrite=True)
    return folder


def settings(movie: Path, out: Path, weights: Path, frames: int = 6) -> dict[str, Any]:
    sequence = {"name": "01", "images": str(movie / "01"), "masks": str(movie / "01_ERR_SEG")}
    return {
        "out": str(out),
        "sequences": [sequence],
        "segment": {"method": "given"},
        "blocks": {"frames": frames},
        "link": {"sam2": "on", "min_probability": 0.0},
        "resources": {"workers": 1},
        "sam2": {"weights": str(weights), "device": "cpu", "memory_gb": 0.2},
    }


@pytest.fixture(scope="module")
def tracked(movie: Path, sam2_folder: Path, tmp_path_factory: pytest.TempPathFactory, track: Track) -> Address:
    return track(settings(movie, tmp_path_factory.mktemp("out"), sam2_folder))


def all_of(address: Address) -> tuple[Detections, Evidence]:
    detections = read_detections([address.layout.detections(name) for name in address.names])
    return detections, read_evidence([address.layout.evidence(name) for name in address.names], detections)


def test_every_cell_is_carried_to_its_neighbouring_frames_both_ways(tracked: Address):
    detections, evidence = all_of(tracked)
    asked = set(zip(evidence.source.tolist(), evidence.target_frame.tolist(), strict=True))
    frame = detections.frame.tolist()
    wanted = {(row, t + step) for row, t in enumerate(frame) for step in (-1, 1) if 0 <= t + step < tracked.n_frames}
    assert asked == wanted
    hit = evidence.target >= 0
    np.testing.assert_array_equal(detections.frame[evidence.target[hit]], evidence.target_frame[hit])


def test_links_have_facts_of_the_network_and_those_over_gaps_have_none(tracked: Address):
    links = read_table(tracked.layout.links(tracked.names[0]))
    name = next(name for name in links if name.endswith("sam_forward"))
    to_next = links["target_frame"] == links["source_frame"] + 1
    assert to_next.any()
    assert np.isfinite(links[name][to_next]).all()
    assert np.isnan(links[name][~to_next]).all()


def test_blocks_change_nothing(tracked: Address, movie: Path, sam2_folder: Path, tmp_path: Path, track: Track):
    cut = track(settings(movie, tmp_path, sam2_folder, frames=2))
    assert len(cut.names) == 3
    for columns in zip(*(as_columns(*all_of(address)) for address in (tracked, cut)), strict=True):
        np.testing.assert_array_equal(*columns)
    links = [[read_table(address.layout.links(name)) for name in address.names] for address in (tracked, cut)]
    whole, parts = ({n: np.concatenate([t[n] for t in tables]) for n in tables[0]} for tables in links)
    for name in whole:
        np.testing.assert_array_equal(whole[name], parts[name], err_msg=name)


def as_columns(detections: Detections, evidence: Evidence) -> list[Any]:
    return [getattr(evidence, name) for name in Evidence.__slots__]


def test_one_line_says_on_what_it_runs_and_others_how_far_it_is(
    tracked: Address, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(progress, "SAID_EVERY_S", -1.0)
    with caplog.at_level(logging.INFO, logger="samtrack"):
        run_propagate(tracked, tracked.names[0])
    first, *on_the_way, last = (record.getMessage() for record in caplog.records)
    assert "runs on cpu, as asked" in first
    assert len(on_the_way) == 6
    assert "2 of 6 frames" in on_the_way[1]
    assert "6 frames" in last
    assert "frames per second" in last


def test_a_table_comes_back_as_it_was_written(tracked: Address, tmp_path: Path):
    detections, evidence = all_of(tracked)
    write_evidence(tmp_path / "a.parquet", evidence, detections)
    again = read_evidence([tmp_path / "a.parquet"], detections)
    for name in Evidence.__slots__:
        np.testing.assert_array_equal(getattr(evidence, name), getattr(again, name))


def test_what_is_said_of_frames_beyond_those_read_is_left(tracked: Address):
    detections, _ = all_of(tracked)
    first = detections.take(detections.frame < 3)
    evidence = read_evidence([tracked.layout.evidence(name) for name in tracked.names], first)
    assert len(evidence) > 0
    assert evidence.target_frame.max() == 2
    assert evidence.source.max() < len(first)


def test_a_table_of_other_detections_is_told(tracked: Address, tmp_path: Path):
    detections, evidence = all_of(tracked)
    write_evidence(tmp_path / "a.parquet", evidence, detections)
    table = read_table(tmp_path / "a.parquet")
    write_table(tmp_path / "b.parquet", table | {"source_label": np.full(len(evidence), 999)})
    with pytest.raises(DataError, match=r"b\.parquet: speaks of label 999 in frame 0"):
        read_evidence([tmp_path / "b.parquet"], detections)
    table.pop("iou")
    write_table(tmp_path / "c.parquet", table)
    with pytest.raises(DataError, match=r"c\.parquet: is not a table of evidence"):
        read_evidence([tmp_path / "c.parquet"], detections)
