"""Files written from the program: found stale, named, brought in step."""

from pathlib import Path

import pytest

from samtrack.config.generated import Generated

FILES = Generated("samtrack.made.up", lambda: {"a.md": "one\n", "b.md": "two\n"}, Path("docs"))


def test_a_stale_file_is_named_and_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert FILES.stale(tmp_path) == ["a.md", "b.md"]
    assert FILES.write(tmp_path) == ["a.md", "b.md"]
    assert FILES.main(["--check", "--folder", str(tmp_path)]) == 0
    (tmp_path / "b.md").write_text("three\n", encoding="utf-8")
    assert FILES.main(["--check", "--folder", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "b.md differs from the program: run `python -m samtrack.made.up --write`" in told
    assert "a.md" not in told
    assert FILES.main(["--write", "--folder", str(tmp_path)]) == 0
    assert capsys.readouterr().out == f"wrote {tmp_path / 'b.md'}\n"
    assert FILES.stale(tmp_path) == []


def test_a_wrong_folder_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        FILES.main(["--check", "--folder", str(tmp_path / "absent")])
    assert "absent is no folder" in capsys.readouterr().err


def test_one_of_the_two_must_be_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        FILES.main([])
    assert "--write --check" in capsys.readouterr().err
