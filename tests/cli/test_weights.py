"""`samtrack weights`, through main: tables, paths, verdicts and exit statuses. Nothing here reaches a network."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from samtrack.cli.main import main
from samtrack.config.weights import REGISTRY, WeightFile, WeightsEntry

CONTENT = b"numbers"
SUM = hashlib.sha256(CONTENT).hexdigest()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache that holds `toy`, a set of weights with a published checksum."""
    made = tmp_path / "cache"
    monkeypatch.setenv("SAMTRACK_WEIGHTS", str(made))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    entry = WeightsEntry("toy", "sam2_video", "CC0", 7, "nowhere", "1", (WeightFile("toy.pt", "http://none", SUM),))
    monkeypatch.setitem(REGISTRY, "toy", entry)
    (made / "toy").mkdir(parents=True)
    (made / "toy" / "toy.pt").write_bytes(CONTENT)
    return made


def test_list_shows_every_name_and_what_is_here(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "list"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["name", "MB", "licence", "here", "checksum", "where"]
    rows = {line.split()[0]: line for line in lines[1:] if line and not line.startswith("cache:")}
    assert rows.keys() == REGISTRY.keys()
    assert rows["toy"].split() == ["toy", "7", "CC0", "yes", "published", str(cache / "toy")]
    assert rows["sam3-tracker"].endswith("facebook/sam3 (gated)")
    assert "first fetch" in rows["edgetam"]
    assert lines[-1] == f"cache: {cache}"


def test_path_prints_where_weights_lie(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "path", "toy"]) == 0
    assert capsys.readouterr().out == f"{cache / 'toy' / 'toy.pt'}\n"
    assert main(["weights", "path", "toy", "--cache", str(tmp_path / "other")]) == 2
    assert "Run `samtrack weights fetch toy`" in capsys.readouterr().err
    assert main(["weights", "path", "tor"]) == 2
    assert "Did you mean toy?" in capsys.readouterr().err


def test_fetch_leaves_what_is_here_and_says_why_it_cannot(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "fetch", "toy"]) == 0
    assert capsys.readouterr().out == f"{cache / 'toy' / 'toy.pt'}\n"
    assert main(["weights", "fetch", "toy", "sam2.1-hiera-tiny"]) == 2
    assert "HF_HUB_OFFLINE forbids to fetch" in capsys.readouterr().err
    assert main(["weights", "fetch", "sam2.1-hiera-tiny", "nonsense"]) == 2
    assert "'nonsense'" in capsys.readouterr().err, "mistyped names are told before anything is fetched"


def test_verify_finds_the_file_that_changed(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "verify", "toy"]) == 0
    assert capsys.readouterr().out.startswith(f"ok  {cache / 'toy' / 'toy.pt'}: {SUM} (known from: published)")
    (cache / "toy" / "toy.pt").write_bytes(b"other")
    assert main(["weights", "verify", "toy"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("BAD ")
    assert f"expected {SUM}" in shown
    assert shown.endswith("1 checked, 1 files differ\n")


def test_verify_without_names_checks_what_is_here(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["weights", "verify"]) == 0
    assert "toy.pt" in capsys.readouterr().out
    assert main(["weights", "verify", "edgetam"]) == 2
    assert "Run `samtrack weights fetch edgetam`" in capsys.readouterr().err


def test_a_configuration_names_what_to_fetch(cache: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config, mark = tmp_path / "config.yaml", tmp_path / "out" / "weights.sha256"
    config.write_text(json.dumps({"sam2": {"weights": "toy"}}))
    assert main(["weights", "fetch", "--config", str(config), "--mark", str(mark)]) == 0
    assert mark.read_text() == f"{SUM}  toy\n"
    assert SUM in capsys.readouterr().err
    (cache / "toy" / "toy.pt").write_bytes(b"other")
    assert main(["weights", "fetch", "--config", str(config), "--mark", str(mark)]) == 2
    assert "damaged or was replaced" in capsys.readouterr().err


@pytest.mark.parametrize(
    "wrong", [[], ["toy", "--config", "c", "--mark", "m"], ["--config", "c"], ["toy", "--mark", "m"]]
)
def test_fetch_wants_names_or_a_configuration(
    cache: Path, wrong: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["weights", "fetch", *wrong]) == 2
    assert "give either names" in (shown := capsys.readouterr().err) or "--config and --mark go together" in shown
