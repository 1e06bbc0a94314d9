import errno
import os
import resource
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from samtrack.errors import DataError
from samtrack.io.atomic import sweep_other_machines, written_file, written_folder


def test_a_file_appears_only_when_complete(tmp_path: Path):
    path = tmp_path / "new" / "a.txt"
    with written_file(path) as part:
        part.write_text("whole")
        assert not path.exists()
    assert path.read_text() == "whole"
    assert [p.name for p in path.parent.iterdir()] == ["a.txt"]


def test_a_failed_writer_leaves_the_old_file_and_no_rest(tmp_path: Path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), written_file(path) as part:
        part.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_a_folder_replaces_an_older_one_as_a_whole(tmp_path: Path):
    path = tmp_path / "store"
    path.mkdir()
    (path / "stale").write_text("x")
    with written_folder(path) as part:
        (part / "fresh").write_text("y")
    assert [p.name for p in path.iterdir()] == ["fresh"]
    assert [p.name for p in tmp_path.iterdir()] == ["store"]


def test_what_a_killed_writer_left_is_swept(tmp_path: Path):
    path = tmp_path / "a.txt"
    code = (
        "import sys, os, signal; from pathlib import Path; from samtrack.io.atomic import written_file\n"
        "with written_file(Path(sys.argv[1])) as part:\n"
        "    part.write_text('half'); os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert not path.exists()
    assert len(list(tmp_path.iterdir())) == 1, "the killed writer's part file should be there"
    with written_file(path) as part:
        part.write_text("whole")
    assert [p.name for p in tmp_path.iterdir()] == ["a.txt"]


def test_what_other_machines_left_is_swept_only_when_asked(tmp_path: Path):
    path = tmp_path / "a.parquet"
    (tmp_path / "a.parquet.part-lost-node-7").write_text("half")
    (tmp_path / "b.zarr.part-lost-node-8").mkdir()
    kept = [
        tmp_path / f"c.part-{socket.gethostname()}-{os.getpid()}",
        tmp_path / "d.part-list.txt",
        tmp_path / "e.zarr.part",
    ]
    for file in kept:
        file.touch()
    with written_file(path) as part:
        part.write_text("whole")
    assert len(list(tmp_path.iterdir())) == 6, "another machine's process may be alive"
    sweep_other_machines(tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted([path, *kept])


def test_a_living_writer_is_left_alone(tmp_path: Path):
    path = tmp_path / "a.txt"
    with written_file(path) as outer:
        outer.write_text("first")
        (tmp_path / f"a.txt.part-{os.uname().nodename}-1").write_text("of process 1, which lives")
        with written_folder(tmp_path / "b"):
            pass
    assert (tmp_path / f"a.txt.part-{os.uname().nodename}-1").exists()


def test_a_full_disk_is_one_clear_error(tmp_path: Path):
    """The limit on the size of a file stands in for the disk's end: writing past it fails in the same place."""
    path = tmp_path / "a.bin"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    try:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, before[1]))
        with pytest.raises(DataError, match=r"a\.bin: cannot be written"), written_file(path) as part:
            part.write_bytes(bytes(2000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("number", "hint"), [(errno.ENOSPC, "disk is full"), (errno.EROFS, "read-only"), (errno.EACCES, "may not write")]
)
def test_the_cause_is_named_with_a_remedy(tmp_path: Path, number: int, hint: str):
    with pytest.raises(DataError, match=hint), written_file(tmp_path / "a"):
        raise OSError(number, os.strerror(number))


def test_a_file_where_a_folder_belongs(tmp_path: Path):
    (tmp_path / "out").write_text("I am a file")
    with pytest.raises(DataError, match="cannot be written"), written_file(tmp_path / "out" / "a.txt"):
        pass
