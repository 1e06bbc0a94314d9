import locale
import os
import tempfile

import pytest

from samtrack.doctor.surroundings import check_caches, check_locale, check_temporary_folder, check_umask


def test_text_that_is_not_utf8(situation, told, monkeypatch):
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert told(check_locale(situation()))["locale"][0] == "ok"
    monkeypatch.setattr(locale, "getpreferredencoding", lambda do: "ISO-8859-1")
    assert told(check_locale(situation()))["locale"][0] == "note"


def test_a_language_that_is_not_installed(situation, told, monkeypatch):
    before = locale.setlocale(locale.LC_CTYPE)
    monkeypatch.setenv("LC_ALL", "xx_XX.UTF-8")
    verdict, said = told(check_locale(situation()))["locale"]
    assert verdict == "note"
    assert "xx_XX" in said
    assert locale.setlocale(locale.LC_CTYPE) == before


@pytest.mark.parametrize(("mask", "verdict"), [(0o022, "ok"), (0o077, "ok"), (0o777, "problem"), (0o200, "problem")])
def test_rights_of_new_files(situation, told, mask, verdict):
    before = os.umask(mask)
    try:
        assert told(check_umask(situation()))["umask"][0] == verdict
        assert os.umask(mask) == mask, "looking changes nothing"
    finally:
        os.umask(before)


def test_a_temporary_folder_that_is_not_there(situation, told, monkeypatch, tmp_path):
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert told(check_temporary_folder(situation()))["temporary folder"] == ("ok", f"{tmp_path} ")
    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    verdict, said = told(check_temporary_folder(situation()))["temporary folder"]
    assert verdict == "note"
    assert "mkdir -p" in said


def test_a_home_that_cannot_be_written(situation, told, monkeypatch, tmp_path, read_only):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert told(check_caches(situation()))["cache of Snakemake"][0] == "ok"
    monkeypatch.setenv("XDG_CACHE_HOME", str(read_only / "cache"))
    assert told(check_caches(situation()))["cache of Snakemake"][0] == "problem"
