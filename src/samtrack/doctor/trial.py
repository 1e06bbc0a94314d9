"""What a folder can do, tried in files of our own that are removed again: locks, renaming, times."""

from __future__ import annotations

import fcntl
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samtrack.doctor.command import ask

N_RENAMES = 50
"""How often a file is replaced while it is read; on a file server some milliseconds each."""

CLOCK_S = 2.0
"""Seconds that a file server's clock may be off: times of files decide what Snakemake does again."""

TRY_LOCK = "import fcntl, sys; fcntl.flock(open(sys.argv[1], 'r+'), fcntl.LOCK_EX | fcntl.LOCK_NB)"


def existing(path: Path) -> Path:
    """The path, or the nearest folder above it that is there."""
    path = path.expanduser().absolute()
    return next(folder for folder in (path, *path.parents) if folder.exists())


@contextmanager
def trial_folder(folder: Path) -> Iterator[Path]:
    """A new folder in a folder; removed in the end. Raises OSError where nothing can be written."""
    made = Path(tempfile.mkdtemp(prefix=".samtrack-doctor-", dir=folder))
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def fault_of_locks(folder: Path) -> str:
    """What is wrong with locks in a folder: nothing if a second process is kept out and let in when it may."""
    path = folder / "lock"
    path.touch()
    with path.open("r+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            return f"flock fails ({error.strerror})"
        second = ask(sys.executable, "-S", "-c", TRY_LOCK, str(path))
        if second.is_good:
            return "a second process gets a lock that is held"
        if "BlockingIOError" not in second.err:
            return f"a second process cannot ask for a lock ({second.complaint})"
    return ""


def fault_of_renames(folder: Path) -> str:
    """What is wrong with renaming: nothing if a file that is replaced is always there and always whole, and folders move."""
    path, part = folder / "file", folder / "part"
    path.write_bytes(bytes(4096))
    with path.open("rb") as old:
        for number in range(N_RENAMES):
            part.write_bytes(bytes([number]) * 4096)
            os.replace(part, path)
            if part.exists() or path.read_bytes() != bytes([number]) * 4096:
                return "a file that replaced another is not what is read afterwards"
        if old.read() != bytes(4096):
            return "a file that is being read changes when another takes its name"
    (folder / "made").mkdir()
    (folder / "made" / "inside").touch()
    os.rename(folder / "made", folder / "moved")
    if (folder / "made").exists() or not (folder / "moved" / "inside").exists():
        return "a folder that was renamed is not whole under its new name"
    return ""


def clock_difference_s(folder: Path) -> float:
    """Seconds by which the clock that gives files their times is ahead of this machine's."""
    path = folder / "now"
    before = time.time()
    path.touch()
    after, stamp = time.time(), path.stat().st_mtime
    return stamp - before if stamp < before else max(0.0, stamp - after)
