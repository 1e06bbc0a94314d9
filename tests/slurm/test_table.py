"""The table in docs/cluster.md is what `make bench-chaos` printed, row by row. Needs no Slurm."""

from __future__ import annotations

import importlib
import json

import pytest
from tests.slurm.lab import ROOT


def test_the_table_of_faults_is_the_one_that_was_measured(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    bench, common = importlib.import_module("bench_chaos"), importlib.import_module("common")
    rows = json.loads((ROOT / "benchmarks" / "results" / "chaos.json").read_text())["rows"]
    assert common.table(rows, bench.COLUMNS) in (ROOT / "docs" / "cluster.md").read_text()
