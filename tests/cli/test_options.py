"""The command line is frozen: a new knob belongs into the configuration, not here."""

import argparse
import os
import subprocess
import sys

import pytest

from samtrack.cli.main import build_parser, main

STAGE = {"--config", "--sequence", "--workers"}
OPTIONS = {
    "run": {"--images", "--out", "--masks", "--truth", "--preset", "--config", "--set", "--cores"},
    "simulate": STAGE,
    "ingest": STAGE,
    "segment": STAGE | {"--block", "--diameter"},
    "measure": STAGE | {"--block", "--summarise"},
    "link": STAGE | {"--block"},
    "associate": STAGE,
    "fill": STAGE | {"--block"},
    "export": STAGE | {"--part"},
    "validate": {"folder", "--images", "--out", "--workers"},
    "evaluate": {"folder", "--truth", "--out", "--config", "--workers"},
    "report": STAGE,
    "train": {
        *("what", "--data", "--masks", "--config", "--out", "--card", "--check", "--seed", "--movies", "--workers"),
    },
}


def commands() -> dict[str, argparse.ArgumentParser]:
    (action,) = (a for a in build_parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


def test_the_commands_and_their_options():
    found = {
        name: {(a.option_strings or [a.dest])[0] for a in parser._actions if a.dest != "help"}
        for name, parser in commands().items()
    }
    assert found == OPTIONS


@pytest.mark.parametrize("name", [*OPTIONS, None])
def test_help_has_an_example_and_fits_one_screen(name: str | None):
    parser = commands()[name] if name else build_parser()
    text = parser.format_help()
    assert "example" in text or name is None
    assert len(text.splitlines()) <= 40


def test_the_overview_fits_a_small_terminal():
    assert len(build_parser().format_help().splitlines()) <= 30


def test_help_needs_no_heavy_package():
    code = "import sys; from samtrack.cli.main import build_parser; build_parser(); print(*sys.modules)"
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    assert not {"zarr", "scipy", "torch", "skimage", "pandas", "tifffile", "matplotlib"} & set(done.stdout.split())


def test_an_unknown_command_exits_with_2(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as caught:
        main(["trak"])
    assert caught.value.code == 2
    assert "trak" in capsys.readouterr().err
