"""Archives of equal bytes, and files under a second name."""

from __future__ import annotations

import os
import zipfile

import pytest

from samtrack.io import archives
from samtrack.io.archives import copy_tree, files_below, take_file, write_archive, write_script


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "made"
    (made / "b" / "__pycache__").mkdir(parents=True)
    (made / "b" / "z.txt").write_text("z")
    (made / "b" / "__pycache__" / "z.pyc").write_text("no")
    (made / "a.txt").write_text("a")
    write_script(made / "run.sh", "#!/bin/sh\necho ran\n")
    return made


def test_equal_files_give_equal_bytes_whatever_their_dates(folder, tmp_path):
    write_archive(tmp_path / "one.zip", folder)
    os.utime(folder / "a.txt", (1e9, 1e9))
    write_archive(tmp_path / "two.zip", folder)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    (folder / "a.txt").write_text("b")
    write_archive(tmp_path / "two.zip", folder)
    assert (tmp_path / "one.zip").read_bytes() != (tmp_path / "two.zip").read_bytes()


def test_an_archive_holds_every_file_and_who_may_run_it(folder, tmp_path):
    write_archive(tmp_path / "one.zip", folder)
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        assert archive.testzip() is None
        names = {info.filename: (info.external_attr >> 16) & 0o777 for info in archive.infolist()}
        assert archive.read("b/z.txt") == b"z"
    assert names == {"a.txt": 0o644, "b/__pycache__/z.pyc": 0o644, "b/z.txt": 0o644, "run.sh": 0o755}


def test_copies_leave_out_what_python_made(folder, tmp_path):
    copy_tree(folder, tmp_path / "copy")
    assert [path.as_posix() for path in files_below(tmp_path / "copy")] == ["a.txt", "b/z.txt", "run.sh"]


def test_a_second_name_or_a_copy(folder, tmp_path, monkeypatch):
    take_file(folder / "a.txt", tmp_path / "x" / "a.txt")
    assert (tmp_path / "x" / "a.txt").samefile(folder / "a.txt")

    def refuse(*paths):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(archives.os, "link", refuse)
    take_file(folder / "a.txt", tmp_path / "y" / "a.txt")
    assert not (tmp_path / "y" / "a.txt").samefile(folder / "a.txt")
    assert (tmp_path / "y" / "a.txt").read_text() == "a"
