"""Files that are written from the program and must never differ from it: which of them do, and the command that mends it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Generated:
    """Some files of one folder. ``module`` is started by name; ``folder`` is where they lie in the project."""

    module: str
    texts: Callable[[], Mapping[str, str]]
    """Each file's name with the text it must hold."""
    folder: Path

    @property
    def command(self) -> str:
        """What brings the files in step with the program."""
        return f"python -m {self.module} --write"

    def stale(self, folder: Path) -> list[str]:
        """Names of the files that are missing from ``folder`` or differ from the program."""
        return [
            name
            for name, text in self.texts().items()
            if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
        ]

    def write(self, folder: Path) -> list[str]:
        """Write the files that are stale; returns their names."""
        stale, texts = self.stale(folder), self.texts()
        for name in stale:
            (folder / name).write_text(texts[name], encoding="utf-8")
        return stale

    def main(self, arguments: Sequence[str] | None = None) -> int:
        """Write the files, or check them: 0 if they are in step with the program, else 1."""
        parser = argparse.ArgumentParser(prog=f"python -m {self.module}", description=Generated.main.__doc__)
        action = parser.add_mutually_exclusive_group(required=True)
        action.add_argument("--write", action="store_true", help="write the files that differ")
        action.add_argument("--check", action="store_true", help="name the files that differ and exit with 1")
        parser.add_argument("--folder", type=Path, default=self.folder, help="where they lie (default: %(default)s)")
        chosen = parser.parse_args(arguments)
        if not chosen.folder.is_dir():
            parser.error(f"{chosen.folder} is no folder: start this in the project's root, or give --folder")
        if chosen.write:
            for name in self.write(chosen.folder):
                sys.stdout.write(f"wrote {chosen.folder / name}\n")
            return 0
        stale = self.stale(chosen.folder)
        for name in stale:
            sys.stderr.write(f"{chosen.folder / name} differs from the program: run `{self.command}`\n")
        return 1 if stale else 0
