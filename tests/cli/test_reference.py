"""The reference pages: in step with the program, the same on every machine."""

from __future__ import annotations

from pathlib import Path

import pytest

from samtrack.cli.reference import PAGES, cli_page
from samtrack.config import Config
from samtrack.config.reference import config_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_pages_are_in_step_with_the_program() -> None:
    assert not PAGES.stale(ROOT / "docs" / "reference"), "run: make schema"


def test_every_setting_has_a_row_with_what_is_said_of_it() -> None:
    page = config_page()
    for section in Config.model_fields:
        assert f"| `{section}` |" in page
    link = page.partition("\n### link\n")[2].splitlines()
    for name, field in type(Config().link).model_fields.items():
        row = next(line for line in link if line.startswith(f"| `{name}` |"))
        assert (field.description or "").split("[")[0].strip().replace("|", "\\|") in row


def test_type_unit_default_and_bounds_of_a_setting() -> None:
    rows = config_page().splitlines()
    assert any(row.startswith("| `max_gap_frames` | integer, frames | `2` | from 0 to 10 |") for row in rows)
    assert any(row.startswith("| `memory_gb` | number, GB | `8.0` | above 0.1 |") for row in rows)
    assert any(row.startswith("| `kind` | word | `nuclei` | `nuclei`, `phase`, `dic` |") for row in rows)
    assert any(row.startswith("| `segment` | section | `method: seeds` |") for row in rows)


def test_headings_differ_so_that_anchors_do() -> None:
    for page in PAGES.texts().values():
        headings = [line for line in page.splitlines() if line.startswith("#")]
        assert len(headings) == len(set(headings))


def test_commands_within_commands_and_their_options() -> None:
    page = cli_page()
    assert "\n## samtrack run\n" in page
    assert "\n### samtrack train links\n" in page
    assert "| `--images PATH` | required |" in page


def test_nothing_depends_on_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cli_page()
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr("os.cpu_count", lambda: 77)
    assert cli_page() == before
