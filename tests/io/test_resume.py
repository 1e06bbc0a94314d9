"""Unfinished stores: kept when a run stops, continued by the next, owned by one process at a time."""

import fcntl
import logging
import os
import threading

import pytest

from samtrack.errors import DataError
from samtrack.io.names import JOURNAL_FILE, LOCK_FILE
from samtrack.io.resume import resumed_store


def stop_after(out, fingerprint, *frames):
    with pytest.raises(RuntimeError, match="stopped"), resumed_store(out, fingerprint) as part:
        for frame in frames:
            (part.folder / f"{frame}.bin").write_text(str(frame))
            part.note(frame, [frame, 1])
        raise RuntimeError("stopped")


def test_a_stopped_store_goes_on_and_gets_its_name_at_the_end(tmp_path):
    out = tmp_path / "a.zarr"
    stop_after(out, "x", 0, 2)
    assert not out.exists()
    with resumed_store(out, "x") as part:
        assert part.finished == {0: [0, 1], 2: [2, 1]}
        assert not out.exists()
        part.note(1, [1, 1])
    assert sorted(p.name for p in out.iterdir()) == ["0.bin", "2.bin"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.zarr"]


def test_another_source_starts_afresh(tmp_path, caplog):
    out = tmp_path / "a.zarr"
    stop_after(out, "x", 0)
    with caplog.at_level("INFO", "samtrack"), resumed_store(out, "y") as part:
        assert part.finished == {}
        assert sorted(p.name for p in part.folder.iterdir()) == [JOURNAL_FILE, LOCK_FILE]
    assert "starting afresh" in caplog.text


@pytest.mark.parametrize("torn", ['{"frame": 7, "rec', "{", '{"frame": 7, "record": [1'])
def test_a_torn_last_line_is_not_a_finished_frame(tmp_path, torn):
    out = tmp_path / "a.zarr"
    stop_after(out, "x", 0)
    with open(tmp_path / "a.zarr.part" / JOURNAL_FILE, "a") as journal:
        journal.write(torn)
    stop_after(out, "x", 1)
    with resumed_store(out, "x") as part:
        assert part.finished == {0: [0, 1], 1: [1, 1]}


@pytest.mark.parametrize("content", ["", "\x00\x00\x00\n", "not json\n", "[]\n"])
def test_a_journal_that_is_no_journal_starts_afresh(tmp_path, content):
    part_folder = tmp_path / "a.zarr.part"
    part_folder.mkdir()
    (part_folder / JOURNAL_FILE).write_text(content)
    (part_folder / "0.bin").touch()
    with resumed_store(tmp_path / "a.zarr", "x") as part:
        assert part.finished == {}
        assert not (part.folder / "0.bin").exists()


def test_a_store_that_another_process_writes_is_waited_for(tmp_path, caplog):
    folder = tmp_path / "a.zarr.part"
    folder.mkdir()
    descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    released = []

    def release() -> None:
        released.append(True)
        os.close(descriptor)

    timer = threading.Timer(0.3, release)
    timer.start()
    with caplog.at_level(logging.WARNING, "samtrack"), resumed_store(tmp_path / "a.zarr", "x"):
        assert released, "the store was opened twice"
    timer.join()
    assert "another process is writing this store; waiting" in caplog.text
    assert (tmp_path / "a.zarr").is_dir()


def test_a_store_whose_root_a_workflow_removed_is_made_anew(tmp_path):
    (tmp_path / "a.zarr" / "0").mkdir(parents=True)
    (tmp_path / "a.zarr" / "0" / "zarr.json").write_text("old")
    with resumed_store(tmp_path / "a.zarr", "x") as part:
        (part.folder / "zarr.json").write_text("new")
    assert [p.name for p in (tmp_path / "a.zarr").iterdir()] == ["zarr.json"]


def test_a_file_or_a_foreign_folder_is_never_replaced(tmp_path):
    (tmp_path / "file.zarr").write_text("mine")
    (tmp_path / "folder.zarr").mkdir()
    (tmp_path / "folder.zarr" / "thesis.txt").write_text("mine")
    with (
        pytest.raises(DataError, match=r"is a file, expected an OME-Zarr or nothing"),
        resumed_store(tmp_path / "file.zarr", "x"),
    ):
        pass
    with (
        pytest.raises(DataError, match=r"with something else than an OME-Zarr"),
        resumed_store(tmp_path / "folder.zarr", "x"),
    ):
        pass
    assert (tmp_path / "file.zarr").read_text() == (tmp_path / "folder.zarr" / "thesis.txt").read_text() == "mine"


def test_an_older_store_is_replaced_only_at_the_end(tmp_path):
    out = tmp_path / "a.zarr"
    out.mkdir()
    (out / "zarr.json").write_text("old")
    stop_after(out, "x", 0)
    assert (out / "zarr.json").read_text() == "old"
    with resumed_store(out, "x") as part:
        (part.folder / "zarr.json").write_text("new")
    assert (out / "zarr.json").read_text() == "new"
    assert [p.name for p in tmp_path.iterdir()] == ["a.zarr"]
