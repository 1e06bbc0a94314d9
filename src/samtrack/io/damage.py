"""Errors of files as `DataError`: whatever a reading library trips over in a damaged file is told as one sentence."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from samtrack.errors import DataError, SamtrackError

_HINTS = {
    errno.EACCES: "You may not read it: change its permissions, or copy it to where you may.",
    errno.EPERM: "You may not read it: change its permissions, or copy it to where you may.",
    errno.ENOENT: "It does not exist: check the path; it may have been moved or deleted during the run.",
    errno.EIO: "The disk or the network failed: try again, or copy the file anew.",
    errno.ESTALE: "The network file system lost it: start again.",
    errno.EMFILE: "Too many files are open: raise the limit (ulimit -n) or lower resources.workers.",
}


@contextmanager
def reading(path: Path, what: str = "") -> Iterator[None]:
    """Turn any failure to read ``path`` (``what``: which part of it) into a `DataError` that names it."""
    try:
        yield
    except SamtrackError:
        raise
    except OSError as error:
        hint = _HINTS.get(error.errno or 0, "It is damaged, or the disk failed: copy or export the file again.")
        raise DataError(f"{path}: cannot be read{_part(what)} ({error.strerror or error}). {hint}") from error
    except Exception as error:  # on damaged bytes the decoders raise whatever they like
        said = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        raise DataError(
            f"{path}: cannot be read{_part(what)} ({said:.300}). The file is damaged or of a kind that is not "
            "supported: copy or export it again."
        ) from error


def _part(what: str) -> str:
    return f", {what}" if what else ""
