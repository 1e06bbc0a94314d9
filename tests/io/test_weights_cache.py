"""Where weights lie, and what their sums say."""

from pathlib import Path

import pytest

from samtrack.config.weights import REGISTRY, WeightFile, WeightsEntry
from samtrack.errors import WeightsError
from samtrack.io import weights_cache
from samtrack.io.weights_cache import cache_folder, file_sha256, files_of, is_here, locate, recorded_sha256, verify

SUM_OF_ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


@pytest.fixture
def entry(monkeypatch: pytest.MonkeyPatch) -> WeightsEntry:
    files = (WeightFile("config.json", "http://none/config.json"), WeightFile("model.safetensors", "http://none/m"))
    made = WeightsEntry("toy", "sam2_video", "none", 1, "nowhere", "1", files)
    monkeypatch.setitem(REGISTRY, "toy", made)
    return made


def put(entry: WeightsEntry, cache: Path) -> None:
    for path in files_of(entry, cache):
        path.parent.mkdir(exist_ok=True)
        path.write_text("abc")


def test_the_cache_is_the_setting_else_the_variable_else_the_users_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nobody")
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.delenv("SAMTRACK_WEIGHTS", raising=False)
    assert cache_folder() == Path("/nobody/.cache/samtrack/weights")
    monkeypatch.setenv("XDG_CACHE_HOME", "/fast")
    assert cache_folder() == Path("/fast/samtrack/weights")
    monkeypatch.setenv("SAMTRACK_WEIGHTS", "~/shared")
    assert cache_folder() == Path("/nobody/shared")
    assert cache_folder("given") == Path("given")


def test_a_name_is_where_its_files_are(entry: WeightsEntry, tmp_path: Path) -> None:
    assert not is_here(entry, tmp_path)
    with pytest.raises(WeightsError, match=r"toy/config\.json is not here\. Run `samtrack weights fetch toy`"):
        locate("toy", tmp_path)
    put(entry, tmp_path)
    assert locate("toy", tmp_path) == tmp_path / "toy"


def test_a_name_of_one_file_is_that_file(tmp_path: Path) -> None:
    entry = REGISTRY["sam2.1-hiera-tiny-pt"]
    put(entry, tmp_path)
    assert locate(entry.name, tmp_path) == tmp_path / entry.name / "sam2.1_hiera_tiny.pt"


def test_a_path_is_itself(tmp_path: Path) -> None:
    (tmp_path / "mine.pt").touch()
    assert locate(str(tmp_path / "mine.pt"), tmp_path) == tmp_path / "mine.pt"
    with pytest.raises(WeightsError, match="neither a name in the registry nor an existing file or folder"):
        locate(str(tmp_path / "yours.pt"), tmp_path)


def test_sums_are_compared_with_what_was_published_else_recorded(entry: WeightsEntry, tmp_path: Path) -> None:
    put(entry, tmp_path)
    assert [(c.found, c.basis, c.is_good) for c in verify(entry, tmp_path)] == [(SUM_OF_ABC, "nothing", True)] * 2
    first = files_of(entry, tmp_path)[0]
    weights_cache.write_record(first, SUM_OF_ABC)
    assert recorded_sha256(first) == SUM_OF_ABC
    assert (first.with_name("config.json.sha256")).read_text() == f"{SUM_OF_ABC}  config.json\n"
    assert [c.basis for c in verify(entry, tmp_path)] == ["first fetch", "nothing"]
    first.write_text("changed")
    assert [c.is_good for c in verify(entry, tmp_path)] == [False, True]


def test_a_damaged_record_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.pt").write_text("abc")
    (tmp_path / "a.pt.sha256").write_text("")
    with pytest.raises(WeightsError, match="holds no SHA-256 sum"):
        recorded_sha256(tmp_path / "a.pt")


def test_a_file_that_cannot_be_read_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read"):
        file_sha256(tmp_path / "none")


def test_verifying_what_is_not_here_says_so(entry: WeightsEntry, tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="samtrack weights fetch toy"):
        verify(entry, tmp_path)
