"""The table of linkers: own ones on a simulated movie, failures in their rows, and the same path as a run's own result."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from samtrack.errors import DataError, SettingsError
from samtrack.stages import bench
from samtrack.stages.address import Address
from samtrack.stages.bench import BenchOptions, markdown_of, reason_of, run_bench
from samtrack.stages.bench_row import OWN
from samtrack.stages.plan import save_run_config
from samtrack.stages.simulate import run_simulate

RECIPE = {"frames": 8, "shape_px": (128, 128), "seed": 3, "cells": {"count": 8, "cycle_hours": 6}}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, track: Callable[[dict[str, Any]], Address]) -> Address:
    """A finished run of a simulated movie with its truth."""
    out = tmp_path_factory.mktemp("run")
    raw = {
        "dataset": "small",
        "out": str(out),
        "sequences": [{"name": "01", "simulate": RECIPE}],
        "segment": {"method": "given"},
    }
    from samtrack.config import build_config
    from samtrack.stages.plan import complete

    config = complete(build_config(raw))
    run_simulate(config.sequences[0].simulate, out / "simulated", "01", overwrite=True)
    address = track(raw)
    save_run_config(config)
    return address


@pytest.fixture(scope="module")
def table(run: Address) -> list[dict[str, Any]]:
    """All own linkers, one that does not exist, and one peer without its weights or package."""
    return run_bench(BenchOptions(Path(run.config.out), systems=(*OWN, "nobody", "trackastra")))


def test_every_own_linker_has_a_row_with_scores_time_and_memory(table: list[dict[str, Any]]):
    assert [row["system"] for row in table[: len(OWN)]] == list(OWN)
    for row in table[: len(OWN)]:
        assert row["note"] is None
        assert 0 < row["LNK"] <= 1
        assert 0 < row["link_s"] < 60
        assert 50 < row["peak_mb"] < 4000
        assert row["settings"]


def test_one_that_fails_costs_its_own_row_and_says_why(table: list[dict[str, Any]]):
    nobody, trackastra = table[-2:]
    assert nobody["note"].startswith(
        "'nobody' is no linker that samtrack knows: joint, greedy, overlap, kalman, laptrack"
    )
    assert "not installed" in trackastra["note"] or "no weights were named" in trackastra["note"]
    assert nobody["LNK"] is None
    assert nobody["link_s"] is None


def test_the_default_linker_gives_the_run_s_own_result(run: Address, table: list[dict[str, Any]]):
    mine, again = run.layout.result, Path(run.config.out) / "bench" / "joint" / "01_RES"
    names = sorted(path.name for path in mine.iterdir())
    assert names == sorted(path.name for path in again.iterdir())
    for name in names:
        assert (mine / name).read_bytes() == (again / name).read_bytes(), name


def test_the_table_is_written_for_programs_and_people(run: Address, table: list[dict[str, Any]]):
    folder = Path(run.config.out) / "bench"
    with (folder / "linkers.csv").open(newline="", encoding="utf-8") as file:
        read = list(csv.DictReader(file))
    assert [row["system"] for row in read] == [row["system"] for row in table]
    assert float(read[0]["LNK"]) == table[0]["LNK"]
    text = (folder / "linkers.md").read_text(encoding="utf-8")
    assert text == markdown_of(table)
    assert len({line.count("|") for line in text.splitlines()}) == 1


def test_unfilled_results_lie_apart_and_have_fewer_masks(run: Address, table: list[dict[str, Any]]):
    out = Path(run.config.out)
    (row,) = run_bench(BenchOptions(out, fill=False, systems=("joint",)))
    assert row["note"] is None

    def voxels(folder: str) -> int:
        return sum(np.count_nonzero(tifffile.imread(p)) for p in (out / folder / "joint" / "01_RES").glob("*.tif"))

    assert voxels("bench_unfilled") < voxels("bench")


def test_without_a_truth_there_are_times_only(run: Address, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(bench, "run_config_of", lambda options: run.config)
    monkeypatch.setattr(bench, "is_installed", lambda name: False)
    assert bench.systems_of(BenchOptions(tmp_path)) == OWN
    assert "| – | – |" in markdown_of([{"system": "joint", "link_s": 1.0}])


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path):
    with pytest.raises(DataError, match=r"holds no run_config\.yaml"):
        run_bench(BenchOptions(tmp_path))


def test_one_truth_cannot_serve_two_sequences(tmp_path: Path):
    (tmp_path / "run_config.yaml").write_text(
        "sequences: [{name: a, images: x, frames: 2}, {name: b, images: y, frames: 2}]\n"
    )
    with pytest.raises(SettingsError, match="holds 2 sequences"):
        run_bench(BenchOptions(tmp_path, truth=tmp_path))


def test_a_run_without_its_work_folder_says_so_in_the_rows(tmp_path: Path):
    (tmp_path / "run_config.yaml").write_text("blocks: {frames: 2}\nsequences: [{name: a, images: x, frames: 2}]\n")
    (row,) = run_bench(BenchOptions(tmp_path, systems=("joint",)))
    assert "holds no detections" in row["note"]


@pytest.mark.parametrize(
    ("status", "said", "reason"),
    [
        (2, "reading\nsamtrack bench: error: no cells here\n", "no cells here"),
        (1, "Traceback\n  File x\nValueError: bad\n\n", "ValueError: bad"),
        (-11, "", "killed by SIGSEGV"),
        (-9, "half a line", "killed by SIGKILL"),
        (3, "", "ended with status 3 and said nothing"),
    ],
)
def test_why_a_process_failed_is_told_in_one_line(status: int, said: str, reason: str):
    assert reason_of(status, said) == reason
