"""Write beside, then rename: under a final name there is a whole file, or none.

The temporary name holds the process id, so that a process left over from a killed run and its successor never write into
one file; whoever finishes last wins, with equal bytes. A writer first removes what dead writers left.
"""

from __future__ import annotations

import os
import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samtrack.errors import DataError
from samtrack.io.names import PART_SUFFIX


@contextmanager
def written_file(path: Path) -> Iterator[Path]:
    """A path to write to; it becomes ``path`` when the block ends well, and is removed when it does not."""
    part = _part_of(path)
    try:
        _make_folder(path.parent)
        sweep(path)
        yield part
        os.replace(part, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        if part.exists():
            part.unlink()


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """The same for a folder, such as a Zarr store or the TIFF files of a result; an older ``path`` is replaced."""
    part = _part_of(path)
    try:
        _make_folder(path.parent)
        sweep(path)
        part.mkdir()
        yield part
        replace_folder(part, path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def replace_folder(part: Path, path: Path) -> None:
    """Move a finished folder to its final name; an older one there is moved aside first and then removed."""
    if path.exists():
        old = path.with_name(f"{path.name}.old{PART_SUFFIX}-{_writer()}")
        os.rename(path, old)
        os.rename(part, path)
        shutil.rmtree(old, ignore_errors=True)
    else:
        os.rename(part, path)


def _writer() -> str:
    return f"{socket.gethostname()}-{os.getpid()}"


def _part_of(path: Path) -> Path:
    return path.with_name(f"{path.name}{PART_SUFFIX}-{_writer()}")


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def sweep(path: Path) -> None:
    """Remove what writers of ``path`` left that died on this machine."""
    for left in path.parent.glob(f"{path.name}*{PART_SUFFIX}-*"):
        host, pid = _written_by(left)
        if host == socket.gethostname() and pid is not None and not _is_alive(pid):
            _remove(left)


def sweep_other_machines(folder: Path) -> None:
    """Remove what writers on other machines left directly in ``folder``; only for when none of them can be at work there."""
    for left in folder.glob(f"*{PART_SUFFIX}-*"):
        host, pid = _written_by(left)
        if host != socket.gethostname() and pid is not None:
            _remove(left)


def _written_by(part: Path) -> tuple[str, int | None]:
    """Machine and process in the name of what a writer left."""
    host, _, pid = part.name.rpartition(f"{PART_SUFFIX}-")[2].rpartition("-")
    return host, int(pid) if pid.isdigit() else None


def _remove(left: Path) -> None:
    shutil.rmtree(left, ignore_errors=True) if left.is_dir() else left.unlink(missing_ok=True)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def cannot_write(path: Path, error: OSError) -> DataError:
    """The error to raise where ``path`` could not be written."""
    hint = {
        28: "The disk is full: free space or choose another --out, then start again; finished parts are kept.",
        30: "The file system is read-only: choose another --out.",
        13: "You may not write there: choose another --out or change its permissions.",
        122: "Your quota is used up: free space or choose another --out.",
    }.get(error.errno or 0, "Check the path and start again; finished parts are kept.")
    return DataError(f"{path}: cannot be written ({error.strerror or error}). {hint}")
