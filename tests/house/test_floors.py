"""Imports point downwards only: the contracts of pyproject.toml hold, and would notice if they did not."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

FLOORLESS = {"samtrack.__init__", "samtrack.__main__", "samtrack.testing"}
"""What stands on no floor: the package itself, and the small movies for tests, which nothing in it imports."""


def lint_imports(folder: Path, package_parent: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the contracts of the pyproject.toml in a folder."""
    code = "import sys; from importlinter.cli import lint_imports_command; sys.exit(lint_imports_command())"
    command = [sys.executable, "-c", code, "--config", str(folder / "pyproject.toml"), "--no-cache"]
    environment = {**os.environ, "PYTHONPATH": str(package_parent)}
    return subprocess.run(command, cwd=folder, env=environment, check=False, capture_output=True, text=True)


def test_the_contracts_hold(root: Path) -> None:
    result = lint_imports(root, root / "src")
    assert result.returncode == 0, result.stdout + result.stderr


def layers(root: Path) -> list[str]:
    """Every room that the floors name."""
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    floors = next(contract for contract in settings["contracts"] if contract["name"] == "floors")
    return [room.strip() for layer in floors["layers"] for room in layer.split("|")]


def test_every_room_stands_on_a_floor(root: Path) -> None:
    named = set(layers(root))
    entries = (root / "src" / "samtrack").iterdir()
    rooms = {f"samtrack.{e.stem}" for e in entries if (e / "__init__.py").is_file() or e.suffix == ".py"}
    assert rooms - named - FLOORLESS == set()


def test_nothing_imports_what_is_for_tests(source) -> None:
    found = [m.path for m in source if "/testing/" not in m.path and "samtrack.testing" in m.text]
    assert not found


@pytest.mark.parametrize(
    ("importer", "imported", "contract"),
    [
        ("segment", "samtrack.link", "floors"),
        ("types", "samtrack.config", "floors"),
        ("link", "samtrack.io", "no disk in algorithms"),
        ("fill", "zarr", "no disk in algorithms"),
        ("config", "scipy", "a light front door"),
    ],
)
def test_a_wrong_import_is_noticed(root: Path, tmp_path: Path, importer: str, imported: str, contract: str) -> None:
    (tmp_path / "pyproject.toml").write_text((root / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    for room in {"samtrack", *layers(root)}:
        folder = tmp_path / Path(*room.split("."))
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "__init__.py").touch()
    assert lint_imports(tmp_path, tmp_path).returncode == 0
    (tmp_path / "samtrack" / importer / "__init__.py").write_text(f"import {imported}\n")
    result = lint_imports(tmp_path, tmp_path)
    assert result.returncode == 1
    assert f"{contract} BROKEN" in result.stdout
