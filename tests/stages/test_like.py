"""Rates of an earlier run, from its folder."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from samtrack.config import build_config
from samtrack.errors import DataError
from samtrack.stages.facts import Facts
from samtrack.stages.forecast import cost_of
from samtrack.stages.ingest import run_ingest
from samtrack.stages.like import MOST_WAITING, Likeness, Measured, read_likeness, read_measured
from samtrack.stages.plan import complete, save_run_config
from samtrack.stages.simulate import run_simulate

HEAD = "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"


def write_times(path: Path, seconds: str, rss: str, cpu: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(HEAD + f"{seconds}\t0:00:01\t{rss}\t0\t0\t0\t0\t0\t0\t{cpu}\n")


def test_tables_are_read_by_rule(tmp_path: Path) -> None:
    write_times(tmp_path / "link" / "00000-00005.tsv", "2.5", "100.5", "2.0")
    write_times(tmp_path / "link" / "00005-00010.tsv", "3.5", "90", "NA")
    write_times(tmp_path / "ingest.tsv", "0.5", "-", "-")
    write_times(tmp_path / "unknown.tsv", "9", "9", "9")
    assert read_measured(tmp_path) == {"ingest": Measured(1, 0.5, 0, 0), "link": Measured(2, 6.0, 2.0, 100.5)}


def test_waiting_is_believed_up_to_a_point() -> None:
    assert Measured(1, 5.0, 4.0, 0).seconds == 5
    assert Measured(1, 500.0, 4.0, 0).seconds == 4 * MOST_WAITING
    assert Measured(1, 5.0, 9.0, 0).seconds == 9, "threads"
    assert Measured(1, 5.0, 0.0, 0).seconds == 5, "too short to be looked at"


def test_what_a_run_took_over_what_was_said(tmp_path: Path) -> None:
    out = tmp_path / "out"
    recipe = {"frames": 3, "shape_px": [64, 64], "cells": {"count": 4}}
    raw = {"out": str(out), "sequences": [{"name": "01", "simulate": recipe}], "blocks": {"frames": 2}}
    config = complete(build_config(raw | {"sam2": {"device": "cpu"}}))
    settings = config.sequences[0].simulate
    assert settings is not None
    run_simulate(settings, out / "simulated", "01", overwrite=True)
    run_ingest(out / "simulated" / "01", out / "01.ome.zarr", config, 3)
    save_run_config(config)
    write_times(out / "benchmarks" / "01" / "link" / "00000-00002.tsv", "10", "1000", "10")
    like = read_likeness(out)
    facts = Facts(3, (64, 64), 2, 0.0, 24.0)
    said = cost_of(config, "link", facts)
    assert like.seconds == {"link": pytest.approx(10 / (said.cpu_s / 2))}
    assert like.memory["link"] == pytest.approx(1000 / said.memory_mb, rel=0.01)
    assert (like.axes, like.cells_per_voxel) == (2, None)
    assert 0.2 < like.image < 5
    again = like.corrected(said)
    assert again.cpu_s == pytest.approx(20)
    assert again.jobs == said.jobs


def test_a_run_on_a_gpu_says_nothing_of_processors() -> None:
    config = build_config({"sequences": [{"name": "01", "images": "movie"}], "blocks": {"frames": 5}})
    cost = cost_of(config, "fill", Facts(10, (512, 512), 2, 500.0, 24.0))
    like = Likeness(gpu_seconds={"fill": 0.5})
    assert like.corrected(cost) == replace(cost, gpu_seconds=cost.gpu_seconds / 2, gpu_s=cost.gpu_s / 2)


def test_a_folder_of_no_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"holds no run_config.yaml, .* --like wants the folder"):
        read_likeness(tmp_path)
    (tmp_path / "run_config.yaml").write_text("sequences: [{name: '01', images: movie}]\n")
    with pytest.raises(DataError, match="holds no image of any sequence"):
        read_likeness(tmp_path)
