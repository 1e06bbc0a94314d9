"""The tutorials are run as they stand."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.docs.pages import ROOT, Step, missing_lines, steps
from tests.docs.tutorials import follow, project_folder

PAGES = sorted((ROOT / "docs" / "tutorials").glob("*.md"))


@pytest.mark.workflow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_tutorial_does_what_it_says(page: Path, tmp_path: Path) -> None:
    assert follow(page, project_folder(tmp_path / "samtrack")) >= 2


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_that_are_not_run_say_why(page: Path) -> None:
    notes = {step.note for step in steps(page) if step.note}
    assert all(note == "run where Slurm is" or note.startswith("not run: ") for note in notes), notes


def test_a_page_is_read_block_by_block(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n```sh\necho a\necho b\n```\n\nprints\n\n```text\na\nb … d\n```\n\n"
        "<!-- not run: dear -->\n```sh\nrm x\n```\n\n```yaml\na: 1\n```\n"
    )
    assert steps(page) == [Step(4, "echo a\necho b", ("a", "b … d")), Step(17, "rm x", (), "not run: dear")]


def test_lines_that_are_not_printed_are_named() -> None:
    told = "one 1.5\ntwo\nthree 3 four\n"
    assert missing_lines(("one", "three … four"), told) == []
    assert missing_lines(("two", "one"), told) == ["one"]
    assert missing_lines(("three … five",), told) == ["three … five"]


def test_a_failing_command_fails_the_tutorial(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    for text, told in (("false\ntrue", "exit status 1"), ("true\n```\n\n```text\nsomething", "not printed")):
        page.write_text(f"```sh\n{text}\n```\n")
        with pytest.raises(AssertionError, match=told):
            follow(page, tmp_path)
    page.write_text("```sh\ntrue\n```\n\n`results/absent.csv`\n")
    with pytest.raises(AssertionError, match="did not make"):
        follow(page, tmp_path)
