"""Whether the directories of a TIFF file are all there.

A file cut off in the middle often still opens: the reader stops at the first directory that lies behind the end, and a
stack of 64 planes becomes one of 40. So the chain of directories is followed to its end before anything is read.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from pathlib import Path

from samtrack.errors import DataError


def require_whole_chain(path: Path, size: int) -> None:
    """Raise `DataError` unless each page directory lies inside the file and the chain ends; the header was checked."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        head = os.pread(descriptor, 16, 0)
        form = _Form(path, size, "<" if head[:2] == b"II" else ">", head[2:4] in (b"+\0", b"\0+"))
        offset = form.number(head, "8xQ" if form.is_big else "4xI")
        seen: set[int] = set()
        while offset:
            if offset in seen:
                raise DataError(f"{path}: is damaged: its page directories form a circle. Copy or export it again.")
            seen.add(offset)
            offset = form.following(descriptor, offset)
    finally:
        os.close(descriptor)


@dataclass(frozen=True)
class _Form:
    """How numbers are written in a file: byte order, and 64-bit directories (BigTIFF) or not."""

    path: Path
    size: int
    order: str
    is_big: bool

    def following(self, descriptor: int, offset: int) -> int:
        """Offset of the directory that follows the one at ``offset``; 0 after the last."""
        wide, entry = (8, 20) if self.is_big else (2, 12)
        n_tags = self.number(os.pread(descriptor, wide, offset), "Q" if self.is_big else "H")
        after = offset + wide + n_tags * entry
        return self.number(os.pread(descriptor, 8, after), "Q" if self.is_big else "I")

    def number(self, data: bytes, form: str) -> int:
        """The number at the start of ``data``; raises if the file ended before it."""
        needed = struct.calcsize(self.order + form)
        if len(data) < needed:
            raise DataError(
                f"{self.path}: is truncated: a page directory lies behind the end of the file ({self.size} bytes). "
                "Copy or export it again."
            )
        return int(struct.unpack(self.order + form, data[:needed])[0])
