"""``samtrack bench``: its exit status and its messages."""

from pathlib import Path

import pytest

from samtrack.cli.main import main


def test_a_folder_that_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["bench", "linkers", str(tmp_path)]) == 2
    assert "samtrack bench: error: " in capsys.readouterr().err


def test_a_table_without_a_single_result_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "run_config.yaml").write_text("blocks: {frames: 2}\nsequences: [{name: a, images: x, frames: 2}]\n")
    assert main(["bench", "linkers", str(tmp_path), "--only", "joint"]) == 1
    assert "holds no detections" in capsys.readouterr().out


def test_one_row_in_this_process_fails_with_its_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "run_config.yaml").write_text("blocks: {frames: 2}\nsequences: [{name: a, images: x, frames: 2}]\n")
    assert main(["bench", "row", str(tmp_path), "joint", "--sequence", "b"]) == 2
    assert "sequence 'b' is not in this configuration, which has: a" in capsys.readouterr().err
