"""``samtrack correct``: what it refuses before anything is touched. On a real run: tests/workflow."""

from pathlib import Path

import pytest

from samtrack.cli import main


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--edits", "x.csv"], "holds no run_config.yaml"),
        (["--only-write"], "nothing to write"),
        (["--cores", "0"], "expected 1 or more"),
    ],
)
def test_what_cannot_be_done_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str], options: list[str], said: str):
    assert main(["correct", str(tmp_path), *options]) == 2
    assert said in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
