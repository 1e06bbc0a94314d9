"""The conda environments hold what the package needs, at the versions that were tested."""

import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILES = ["core", "report", "torch"]
ONLY_REPORT = {"matplotlib", "pygments"}
ONLY_TORCH = {"torch", "transformers", "safetensors"}
SUBMITS = {"snakemake-executor-plugin-slurm"}
"""What only the process needs that sends the jobs, which is never in one of these environments."""

MISSING = {"core": ONLY_REPORT | ONLY_TORCH, "report": ONLY_TORCH, "torch": ONLY_REPORT}


def pins_in(lines: list[str]) -> dict[str, str]:
    """Package to version of `name==version` lines."""
    found = (re.fullmatch(r"([\w.-]+)==([\w.+!-]+)", line.strip()) for line in lines)
    return {canonicalize_name(match[1]): match[2] for match in found if match}


def pins_of(root: Path, name: str) -> dict[str, str]:
    """The pins of one environment."""
    environment = yaml.safe_load((root / "envs" / f"{name}.yaml").read_text(encoding="utf-8"))
    lines = next(entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict))
    pins = pins_in(lines)
    assert len(pins) == len(lines), "every package is pinned"
    return pins


def requirements(root: Path, extra: str | None = None) -> dict[str, Requirement]:
    """What pyproject.toml asks for."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


@pytest.mark.parametrize("name", FILES)
def test_versions_are_those_of_the_constraints(root: Path, name: str) -> None:
    tested = pins_in((root / "constraints.txt").read_text(encoding="utf-8").splitlines())
    for package, version in pins_of(root, name).items():
        assert tested.get(package) == version, f"envs/{name}.yaml: {package}"


def test_each_environment_holds_what_the_package_needs(root: Path) -> None:
    needed = requirements(root)
    for name in FILES:
        pins = pins_of(root, name)
        assert set(needed) - set(pins) <= MISSING[name] | SUBMITS
        for package in set(needed) & set(pins):
            assert pins[package] in needed[package].specifier, package
    assert set(pins_of(root, "torch")) - set(pins_of(root, "core")) == ONLY_TORCH


@pytest.mark.parametrize("name", FILES)
def test_the_package_itself_is_installed_after_the_environment(root: Path, name: str) -> None:
    script = (root / "envs" / f"{name}.post-deploy.sh").read_text(encoding="utf-8")
    assert "pip install --no-deps --editable ." in script


def test_every_environment_that_a_rule_names_exists(root: Path) -> None:
    named = {
        match[1]
        for path in (root / "workflow" / "rules").glob("*.smk")
        for match in re.finditer(r'"\.\./\.\./envs/([\w-]+)\.yaml"', path.read_text(encoding="utf-8"))
    }
    assert named
    assert named <= set(FILES)
