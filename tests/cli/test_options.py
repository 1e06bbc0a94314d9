"""The command line is frozen: a new knob belongs into the configuration, not here."""

import argparse
import os
import subprocess
import sys

import pytest

from samtrack.cli.main import build_parser, main

STAGE = {"--config", "--sequence", "--workers"}
OPTIONS = {
    "run": {
        *("--images", "--out", "--masks", "--mode", "--seeds", "--first-frame", "--truth"),
        *("--preset", "--config", "--set", "--cores"),
    },
    "plan": {
        *("--images", "--out", "--masks", "--mode", "--seeds", "--first-frame", "--truth"),
        *("--preset", "--config", "--set", "--cores", "--gpus", "--like", "--cells", "--json"),
    },
    "simulate": STAGE,
    "ingest": STAGE,
    "segment": STAGE | {"--block", "--diameter"},
    "measure": STAGE | {"--block", "--summarise"},
    "propagate": STAGE | {"--block"},
    "link": STAGE | {"--block"},
    "associate": STAGE | {"--lineages"},
    "fill": STAGE | {"--block"},
    "export": STAGE | {"--part"},
    "validate": {"folder", "--images", "--dataset", "--first-frame", "--connected", "--out", "--workers"},
    "submit": {"--config", "--out", "--sequence", "--training", "--with-weights", "--results"},
    "correct": {"result", "--edits", "--sequence", "--only-write", "--cores"},
    "view": {"result", "--web", "--port", "--sequence", "--edits"},
    "evaluate": {"folder", "--truth", "--out", "--config", "--workers"},
    "report": STAGE,
    "train": {"what"},
    "patches": {"--data", "--masks", "--out", "--count", "--side", "--cell-px", "--seed", "--config"},
    "weights": {"action"},
    "bench": {"what"},
    "doctor": {"--config", "--profile", "--json"},
}
BENCH = {"folder", "--truth", "--fill", "--trackastra-model", "--workers"}
COMPARISONS = {"linkers": BENCH | {"--only"}, "row": BENCH | {"system", "--sequence"}}
TRAIN = {
    "links": {
        *("--data", "--masks", "--config", "--out", "--card", "--check", "--seed", "--movies", "--sam2", "--workers"),
    },
    "sam2": {"--recipe", "--out", "--data", "--masks", "--start", "--steps", "--workers", "--set"},
    "sammed3d": {"--config", "--data", "--masks", "--out", "--recipe", "--set", "--start", "--steps", "--workers"},
}
WEIGHTS = {
    "list": {"--cache"},
    "fetch": {"names", "--config", "--mark", "--network", "--cache"},
    "path": {"name", "--cache"},
    "verify": {"names", "--cache"},
}


def commands(parser: argparse.ArgumentParser | None = None) -> dict[str, argparse.ArgumentParser]:
    (action,) = (a for a in (parser or build_parser())._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


def options_of(parsers: dict[str, argparse.ArgumentParser]) -> dict[str, set[str]]:
    return {
        name: {(a.option_strings or [a.dest])[0] for a in parser._actions if a.dest != "help"}
        for name, parser in parsers.items()
    }


def test_the_commands_and_their_options():
    assert options_of(commands()) == OPTIONS
    assert options_of(commands(commands()["bench"])) == COMPARISONS
    assert options_of(commands(commands()["weights"])) == WEIGHTS
    assert options_of(commands(commands()["train"])) == TRAIN


@pytest.mark.parametrize("name", [*OPTIONS, *COMPARISONS, *WEIGHTS, *TRAIN, None])
def test_help_has_an_example_and_fits_one_screen(name: str | None):
    inner = {k: v for group in ("bench", "weights", "train") for k, v in commands(commands()[group]).items()}
    parser = {**commands(), **inner}[name] if name else build_parser()
    text = parser.format_help()
    assert "example" in text or name is None
    assert len(text.splitlines()) <= 40


def test_the_overview_fits_a_small_terminal():
    assert len(build_parser().format_help().splitlines()) <= 40


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


@pytest.mark.parametrize(("set_by_user", "expected"), [(None, "20000"), ("7", "7")])
def test_threads_do_not_wait_awake_for_long_unless_the_user_says_otherwise(set_by_user, expected, monkeypatch):
    monkeypatch.setenv("GOMP_SPINCOUNT", set_by_user or "")
    if set_by_user is None:
        monkeypatch.delenv("GOMP_SPINCOUNT")
    with pytest.raises(SystemExit):
        main(["--version"])
    assert os.environ["GOMP_SPINCOUNT"] == expected
