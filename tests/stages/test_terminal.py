"""What of Snakemake's messages a user sees, of Snakemake itself: a wrong profile, nothing to do, errors said before."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest
import yaml
from snakemake.settings.enums import Quietness
from tifffile import imwrite

from samtrack.stages.terminal import HANDLER, LOGGER, MARK, matters, shorten_terminal

ROOT = Path(__file__).parents[2]
SNAKEMAKE = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "1"]


def record(text: str, level: int = logging.INFO, **extra: str) -> logging.LogRecord:
    made = logging.LogRecord(LOGGER, level, "file", 1, text, None, None)
    made.__dict__.update(extra)
    return made


@pytest.mark.parametrize("away", [False, True])
def test_warnings_and_errors_are_seen_and_news_of_single_jobs_is_not(away: bool):
    assert matters(record("a wrong partition", logging.ERROR), away, set())
    assert matters(record("no account given", logging.WARNING), away, set())
    assert matters(record("Nothing to be done (all requested files are present)."), away, set())
    assert not matters(record("Select jobs to execute..."), away, set())
    assert not matters(record("rule link: ...", event="job_info"), away, set())
    assert matters(record("3 of 7 steps", event="progress"), away, set()) is away
    assert matters(record("Error in rule link", logging.ERROR, event="job_error"), away, set()) is away


def test_an_error_of_samtrack_is_not_told_twice():
    said = record("DataError in file common.smk", logging.ERROR, event="error", exception="DataError")
    assert matters(said, False, set())
    assert not matters(said, False, {"DataError"})


@pytest.fixture
def handler() -> Iterator[logging.Handler]:
    made = logging.StreamHandler()
    made.name = HANDLER
    logging.getLogger(LOGGER).addHandler(made)
    yield made
    logging.getLogger(LOGGER).removeHandler(made)


def workflow(main: bool = True, dryrun: bool = False, **asked: object) -> SimpleNamespace:
    quiet = Quietness.parse_choices_set(sorted(MARK))
    settings = {"quiet": quiet, "verbose": False, "printshellcmds": False, "debug_dag": False} | asked
    return SimpleNamespace(
        is_main_process=main, dryrun=dryrun, local_exec=True, output_settings=SimpleNamespace(**settings)
    )


@pytest.mark.parametrize(
    ("changed", "is_shown"),
    [
        ({}, False),
        ({"main": False}, True),
        ({"dryrun": True}, True),
        ({"verbose": True}, True),
        ({"quiet": None}, True),
    ],
)
def test_who_asks_for_all_sees_all(handler: logging.Handler, changed: dict[str, bool], is_shown: bool):
    shorten_terminal(workflow(**changed))
    assert bool(handler.filter(record("Select jobs to execute..."))) is is_shown


def started(folder: Path, *options: str) -> str:
    config = f"out: {folder / 'out'}\nsequences: [{{name: '01', images: {folder / 'absent'}}}]\n"
    (folder / "config.yaml").write_text(config)
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    command = [*SNAKEMAKE, *options, "--configfile", "config.yaml"]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode != 0, done.stderr
    return done.stderr


@pytest.mark.workflow
def test_an_error_that_samtrack_says_is_told_once(tmp_path: Path):
    said = started(tmp_path, "--profile", str(ROOT / "profiles" / "default"), "--workflow-profile", "none")
    assert said.count("samtrack: error:") == 1, said
    assert "DataError in file" not in said


@pytest.mark.workflow
def test_with_the_profile_for_clusters_snakemake_says_what_is_wrong(tmp_path: Path):
    (tmp_path / "absent").mkdir()
    imwrite(tmp_path / "absent" / "t000.tif", [[1, 2], [3, 4]], photometric="minisblack")
    profiles = ["--profile", str(ROOT / "profiles" / "slurm"), "--workflow-profile", "none"]
    said = started(tmp_path, "no_such_file", *profiles)
    assert "MissingRuleException" in said
    assert "no_such_file" in said


@pytest.mark.parametrize("name", ["default", "slurm", "gpu-workstation"])
def test_every_profile_asks_for_a_short_terminal(name: str):
    profile = yaml.safe_load((ROOT / "profiles" / name / "config.yaml").read_text())
    assert set(profile["quiet"]) == MARK
