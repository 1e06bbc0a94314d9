"""The options of ``samtrack submit``, and where paths count from."""

from __future__ import annotations

from pathlib import Path

import pytest
import tifffile
import yaml

from samtrack.cli.main import main
from samtrack.io.ctc import write_mask


@pytest.fixture
def run_folder(tmp_path, monkeypatch):
    """The output folder of `samtrack run` before it has a result."""
    import numpy as np

    (tmp_path / "data" / "01").mkdir(parents=True)
    tifffile.imwrite(tmp_path / "data" / "01" / "t000.tif", np.zeros((8, 8), dtype=np.uint8))
    out = tmp_path / "out"
    (out / "01_RES").mkdir(parents=True)
    write_mask(out / "01_RES" / "mask000.tif", np.zeros((8, 8), dtype=np.uint16))
    raw = {"dataset": "Demo", "out": ".", "sequences": [{"name": "01", "images": str(tmp_path / "data" / "01")}]}
    (out / "run_config.yaml").write_text(yaml.safe_dump(raw))
    monkeypatch.chdir(tmp_path)
    return out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--training", "mine"], "--training mine: expected one of GT, ST, GT+ST, allGT, allST, allGT+allST."),
        (["--results", "x", "--out", "y"], "--results only puts results into place"),
        (["--results", "x", "--with-weights"], "--results only puts results into place"),
        ([], "has no sequence 02 (it has 01)"),
        (["--sequence", "03"], "has no sequence 03"),
    ],
)
def test_what_cannot_be_done_is_refused(run_folder, capsys, options, said):
    assert main(["submit", "--config", "out/run_config.yaml", *options]) == 2
    assert said in capsys.readouterr().err


def test_paths_of_a_run_count_from_its_own_folder(run_folder, capsys):
    assert main(["submit", "--config", "out/run_config.yaml", "--sequence", "01"]) == 2
    assert "01_RES/res_track.txt: does not exist: sequence 01 has no finished result" in capsys.readouterr().err
    assert Path.cwd() == run_folder


def test_results_that_break_a_rule_are_not_placed(run_folder, tmp_path, capsys):
    assert main(["submit", "--config", "out/run_config.yaml", "--sequence", "01", "--results", "Demo"]) == 2
    assert "no-table: res_track.txt: is missing" in capsys.readouterr().err
    assert not (tmp_path / "Demo").exists()
