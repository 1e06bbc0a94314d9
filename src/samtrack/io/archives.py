"""Folders packed for others: files taken over without a copy where the disk allows it, and archives of equal bytes."""

from __future__ import annotations

import os
import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path

from samtrack.io.atomic import written_file

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""Date of all files in an archive, the first that the format knows: equal content, equal bytes."""

LEFT_BY_PYTHON = ("__pycache__", ".pyc")
"""Folder and ending of files that Python makes itself."""

COPY_BYTES = 1 << 20
"""Bytes of a file that are held at once."""


def take_file(source: Path, target: Path) -> None:
    """Let ``target`` be the same file as ``source``, or a copy where the disk knows no second names."""
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # another disk, or one without hard links
        shutil.copyfile(source, target)


def copy_tree(source: Path, target: Path) -> None:
    """Copy the files below a folder, without what Python left there."""
    for path in files_below(source):
        if not any(part in LEFT_BY_PYTHON or part.endswith(LEFT_BY_PYTHON[1]) for part in path.parts):
            (target / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source / path, target / path)


def files_below(folder: Path) -> list[Path]:
    """Files below a folder, relative to it, sorted."""
    return sorted(_walk(folder, Path()))


def _walk(folder: Path, below: Path) -> Iterator[Path]:
    for entry in os.scandir(folder / below):
        path = below / entry.name
        if entry.is_dir():
            yield from _walk(folder, path)
        else:
            yield path


def write_script(path: Path, text: str) -> None:
    """Write a text that may be started as a program."""
    path.write_text(text, encoding="utf-8", newline="\n")
    path.chmod(0o755)


def write_archive(path: Path, folder: Path) -> None:
    """Everything below a folder as a ZIP; equal files give equal bytes, whatever their dates.

    Nothing is compressed: masks are already, and so no version of a library can change a byte.
    """
    with written_file(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name in files_below(folder):
            source = folder / name
            info = zipfile.ZipInfo(name.as_posix(), LONG_AGO)
            runs = source.stat().st_mode & stat.S_IXUSR
            info.external_attr = (stat.S_IFREG | (0o755 if runs else 0o644)) << 16
            info.create_system = 3  # the system by whose rules permissions are written: Unix
            info.file_size = source.stat().st_size
            with source.open("rb") as stream, archive.open(info, "w") as target:
                shutil.copyfileobj(stream, target, COPY_BYTES)
