"""Profiles are read by Snakemake's own parser, and name the plugin that was tested."""

import argparse
from pathlib import Path

import pytest
import yaml

from samtrack.doctor.software import PLUGIN, PLUGIN_TESTED

ROOT = Path(__file__).resolve().parents[2]
PROFILES = sorted((ROOT / "profiles").glob("*/config.yaml"))


@pytest.fixture(scope="module")
def options() -> dict[str, argparse.Action]:
    """Options of Snakemake and its plugins, by their names in a profile."""
    from snakemake.cli import get_argument_parser

    actions = get_argument_parser()._actions
    return {name.lstrip("-"): action for action in actions for name in action.option_strings}


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_every_key_is_an_option(path: Path, options: dict[str, argparse.Action]) -> None:
    keys = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert keys
    assert not set(keys) - set(options), "Snakemake passes over keys that it does not know in silence"


@pytest.mark.parametrize("path", PROFILES, ids=lambda path: path.parent.name)
def test_snakemake_reads_it(path: Path, options: dict[str, argparse.Action]) -> None:
    from snakemake.cli import parse_args

    keys = yaml.safe_load(path.read_text(encoding="utf-8"))
    _, given = parse_args(["--profile", str(path.parent), "--workflow-profile", "none"])
    _, usual = parse_args(["--workflow-profile", "none"])
    for key, value in keys.items():
        found = getattr(given, options[key].dest)
        if isinstance(value, bool):
            assert found is not getattr(usual, options[key].dest), key
        elif not isinstance(value, list):
            assert str(found) == str(value) or value == "all", key
        else:
            assert found, key


def test_a_key_that_is_misspelt_would_be_found(options: dict[str, argparse.Action]) -> None:
    assert "group-components" in options
    assert "group-component" not in options


def test_the_plugin_named_is_the_one_that_is_pinned() -> None:
    assert f"{PLUGIN}=={PLUGIN_TESTED}" in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
