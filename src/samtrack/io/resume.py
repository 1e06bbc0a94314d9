"""A store in the making that outlives its process: a killed run goes on where it was.

The folder ``NAME.part`` beside the final name belongs to one process at a time (a lock that the system releases however
the process ends). A journal in it lists finished frames with the size and checksum of their files, so that what a crash
of the machine left half written is found and written anew. Other settings or another source start afresh.
"""

from __future__ import annotations

import errno
import fcntl
import json
import logging
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Any, TextIO

from samtrack.errors import DataError
from samtrack.io.atomic import cannot_write, replace_folder, sweep
from samtrack.io.names import JOURNAL_FILE, LOCK_FILE, METADATA_FILE, PART_SUFFIX

log = logging.getLogger("samtrack")


class PartStore:
    """An unfinished store: its folder, and the frames that the journal calls finished."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self._path = folder / JOURNAL_FILE
        head = json.dumps({"fingerprint": fingerprint})
        entries = self._read(head)
        if not entries:
            self._empty()
        self._path.write_text("".join(f"{line}\n" for line in [head, *entries]), encoding="utf-8")
        self.finished: dict[int, Any] = {e["frame"]: e["record"] for e in map(json.loads, entries)}
        self._journal: TextIO = open(self._path, "a", encoding="utf-8")  # noqa: SIM115 - closed by close()

    def note(self, frame: int, record: Any) -> None:
        """Note that a frame is finished; its files must have been closed."""
        self._journal.write(json.dumps({"frame": frame, "record": record}) + "\n")
        self._journal.flush()

    def close(self) -> None:
        """Close the journal; the folder stays."""
        self._journal.close()

    def _read(self, head: str) -> list[str]:
        """Lines about finished frames; none if the journal is of another source. What a crash garbled is left out."""
        if not self._path.exists():
            return []
        lines = self._path.read_text(encoding="utf-8", errors="replace").splitlines()
        if not lines or lines[0] != head:
            log.info("%s: is of another source or of other settings; starting afresh", self.folder)
            return []
        return list(takewhile(_is_entry, lines[1:]))

    def _empty(self) -> None:
        for entry in self.folder.iterdir():
            if entry.is_dir():
                shutil.rmtree(entry)
            elif entry.name != LOCK_FILE:
                entry.unlink()


def _is_entry(line: str) -> bool:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError:
        return False
    return isinstance(entry, dict) and entry.keys() == {"frame", "record"}


@contextmanager
def resumed_store(out: Path, fingerprint: str) -> Iterator[PartStore]:
    """The unfinished store of ``out``; becomes ``out`` if the block ends well, and stays for the next run if not."""
    _require_replaceable(out)
    folder = out.with_name(out.name + PART_SUFFIX)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        sweep(out)
        descriptor = _locked(folder)
        try:
            part = PartStore(folder, fingerprint)
            try:
                yield part
            finally:
                part.close()
            (folder / JOURNAL_FILE).unlink()
            (folder / LOCK_FILE).unlink()
            replace_folder(folder, out)
        finally:
            os.close(descriptor)
    except OSError as error:
        raise cannot_write(out, error) from error


def _require_replaceable(out: Path) -> None:
    """Raise where ``out`` is something that a store must not take the place of."""
    if out.is_dir():
        # a workflow removes the root's metadata before it makes a store anew; the full resolution tells it then
        is_store = (out / METADATA_FILE).is_file() or (out / "0" / METADATA_FILE).is_file()
        if any(out.iterdir()) and not is_store:
            raise DataError(
                f"{out}: is a folder with something else than an OME-Zarr. Choose another --out, or remove it."
            )
    elif out.exists() or out.is_symlink():
        raise DataError(f"{out}: is a file, expected an OME-Zarr or nothing. Choose another --out, or remove it.")


def _locked(folder: Path) -> int:
    """Make the folder and hold its lock; returns the descriptor that holds it.

    Another process that writes the store, most likely one that outlived its killed run, is waited for.
    """
    while True:
        folder.mkdir(exist_ok=True)
        try:
            descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
        except FileNotFoundError:
            continue  # another process finished just now and renamed the folder
        try:
            _wait_for(descriptor, folder)
        except OSError as error:
            if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
                os.close(descriptor)
                raise
            log.warning("%s: this file system has no locks; make sure that no second run writes here", folder)
        if _is_current(descriptor, folder / LOCK_FILE):
            return descriptor
        os.close(descriptor)


def _wait_for(descriptor: int, folder: Path) -> None:
    """Take the lock, and say so if that takes longer."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        log.warning("%s: another process is writing this store; waiting until it ends (or is stopped)", folder)
        fcntl.flock(descriptor, fcntl.LOCK_EX)


def _is_current(descriptor: int, path: Path) -> bool:
    """Whether a descriptor is still the file of that name: the folder may have been renamed while we waited."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.stat())
    except FileNotFoundError:
        return False
