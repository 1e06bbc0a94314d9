"""Every command that README and manual name exists, with the options and settings that they name."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.commands import commands, fault_of_make, fault_of_samtrack, yaml_faults
from tests.docs.pages import pages


def faults_of(path: Path) -> list[str]:
    found = []
    for command in commands(path):
        fault = (fault_of_samtrack if command.program == "samtrack" else fault_of_make)(command.words)
        if fault:
            found.append(f"{command.where}: {command.program} {' '.join(command.words)}: {fault}")
    return found


def test_commands_of_the_manual_exist() -> None:
    found = [fault for path in pages() for fault in faults_of(path)]
    assert not found, "\n".join(["", *found])


def test_enough_commands_are_found() -> None:
    found = [command for path in pages() for command in commands(path)]
    assert sum(command.program == "samtrack" for command in found) > 60
    assert sum(command.program == "make" for command in found) > 20


def test_examples_of_yaml_can_be_read() -> None:
    assert not [fault for path in pages() for fault in yaml_faults(path)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("run --images a --out b", ""),
        ("run --images a --out b --set link.max_gap_frames=3", ""),
        ("run --images a --out b --set link.max_gaps=3", "no setting link.max_gaps"),
        ("run --images a --out b --gpu 1", "unrecognized arguments"),
        ("run --images a", "--out"),
        ("run … --mask x", "no option --mask"),
        ("follow", "no command follow"),
        ("train links --help", ""),
        ("train fishes --data a", "invalid choice"),
    ],
)
def test_commands_that_do_not_exist_are_found(words: str, told: str) -> None:
    fault = fault_of_samtrack(tuple(words.split()))
    assert (told in fault) if told else not fault


def test_targets_that_do_not_exist_are_found() -> None:
    assert fault_of_make(("bench-linking", "CASES=DIR")) == ""
    assert fault_of_make(("demos",)) == "no target demos"
