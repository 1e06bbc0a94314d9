import errno
import json
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from samtrack.config import Config, build_config
from samtrack.config.layout import SLURM_FILE
from samtrack.errors import DataError, PlanError, SettingsError
from samtrack.stages.plan import LOCK_VARIABLE, lock
from samtrack.stages.summary import begin, planned, summary_of_errors, summary_of_plan, summary_of_results

HERE = SimpleNamespace(dag=SimpleNamespace(jobs=[]))
"""Snakemake's workflow as far as the beginning of a run looks at it: no job is sent away."""


@pytest.fixture
def config(tmp_path: Path) -> Config:
    raw = {"dataset": "d", "out": str(tmp_path / "out"), "sequences": [{"name": "01", "simulate": {"frames": 7}}]}
    return planned(raw)


def test_the_plan_in_words(config: Config):
    assert "d 01: 7 frames in 1 blocks" in summary_of_plan(config)


def test_results_with_their_scores(config: Config, tmp_path: Path):
    (tmp_path / "out" / "01_RES").mkdir(parents=True)
    (tmp_path / "out" / "01_scores.json").write_text(json.dumps({"values": {"TRA": 0.51234, "SEG": None}}))
    said = summary_of_results(config)
    assert str(tmp_path / "out" / "01_RES") in said
    assert "TRA 0.5123" in said
    assert "SEG" not in said


def test_of_a_run_that_trains_the_weights_are_named(config: Config, tmp_path: Path):
    trained = tmp_path / "out" / "weights" / "sammed3d-tuned"
    trained.mkdir(parents=True)
    said = summary_of_results(config)
    assert str(trained) in said
    assert "d 01" not in said, "nothing was tracked"


def test_errors_are_found_in_the_logs_of_this_run_only(config: Config, tmp_path: Path):
    folder = tmp_path / "out" / "logs" / "01"
    folder.mkdir(parents=True)
    (folder / "old.log").write_text("samtrack link: error: of yesterday\n")
    os.utime(folder / "old.log", (1, 1))
    (folder / "ingest.log").write_text("reading\nsamtrack ingest: error: t004.tif: is cut off\n  more\n")
    (folder / "bug.log").write_text("Traceback (most recent call last):\n  ...\nZeroDivisionError: by zero\n")
    said = summary_of_errors(config, since=1000.0)
    assert "samtrack ingest: error: t004.tif: is cut off\n  more" in said
    assert "ZeroDivisionError: by zero" in said
    assert "yesterday" not in said
    assert "the same command goes on from here" in said


def test_a_wrong_configuration_is_said_and_raised(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SettingsError):
        planned({"sequences": []})
    assert "samtrack: error: sequences: the configuration names no movie" in capsys.readouterr().err


def test_a_run_begins_once(config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.delenv(LOCK_VARIABLE, raising=False)
    begin(config, HERE)
    begin(config, HERE)  # the same process holds the lock already
    assert Path(config.out, "run_config.yaml").exists()
    monkeypatch.delenv(LOCK_VARIABLE)
    with pytest.raises(PlanError, match="another run is working here"):
        lock(Path(config.out))


@pytest.mark.parametrize(("number", "goes_on"), [(errno.ENOLCK, True), (errno.EOPNOTSUPP, True), (errno.EIO, False)])
def test_a_file_system_without_locks(
    config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], number: int, goes_on: bool
):
    def refuse(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.delenv(LOCK_VARIABLE, raising=False)
    monkeypatch.setattr("samtrack.stages.plan.fcntl.flock", refuse)
    out = Path(config.out)
    out.mkdir()
    (out / SLURM_FILE).write_text("living\n")
    if goes_on:
        begin(config, HERE)
        assert "has no locks" in capsys.readouterr().err
        assert (out / SLURM_FILE).read_text() == "living\n", "its run may be at work"
    else:
        with pytest.raises(DataError, match="cannot be locked"):
            begin(config, HERE)


def test_the_saved_configuration_reads_back(config: Config):
    begin(config, HERE)
    import yaml

    assert build_config(yaml.safe_load(Path(config.out, "run_config.yaml").read_text())) == config
