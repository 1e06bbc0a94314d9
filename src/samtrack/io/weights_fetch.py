"""Weights from the network into the cache: beside the final name first, summed, then renamed.

The only module of samtrack that opens a connection, and only when `samtrack weights fetch` or the workflow's local
rule asks for it. A download that broke off goes on where it stopped. Two processes that fetch the same name wait for
each other.
"""

from __future__ import annotations

import contextlib
import fcntl
import http.client
import os
import shutil
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from samtrack.config.weights import HUGGING_FACE, WeightFile, WeightsEntry
from samtrack.errors import WeightsError
from samtrack.io.atomic import cannot_write
from samtrack.io.names import LOCK_FILE, PART_SUFFIX
from samtrack.io.weights_cache import (
    CACHE_VARIABLE,
    CHUNK_BYTES,
    file_sha256,
    files_of,
    folder_of,
    is_here,
    locate,
    recorded_sha256,
    write_record,
)

OFFLINE_VARIABLES = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")
ENDPOINT_VARIABLE = "HF_ENDPOINT"
TOKEN_VARIABLE = "HF_TOKEN"
TIMEOUT_S = 30.0  # of silence; a slow server that still sends is waited for

Say = Callable[[str], None]


def fetch(entry: WeightsEntry, cache: Path, say: Say) -> Path:
    """Bring an entry's files into the cache unless they are there already; returns what `locate` finds."""
    if not entry.ships and not is_here(entry, cache):
        with _one_at_a_time(folder_of(entry, cache)):
            for file, path in zip(entry.files, files_of(entry, cache), strict=True):
                if not path.is_file():
                    _fetch_file(entry, file, path, say)
    return locate(entry.name, cache)


@contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the folder; whoever comes second waits, and then finds the files."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _fetch_file(entry: WeightsEntry, file: WeightFile, path: Path, say: Say) -> None:
    _require_network(entry)
    part = path.with_name(path.name + PART_SUFFIX)
    say(f"{entry.name}: fetching {file.name} from {_address(file)}")
    for attempt in range(2):  # a remainder that the server cannot continue, or that sums wrongly, is fetched whole
        had = part.stat().st_size if part.exists() else 0
        _download(entry, file, part)
        if had == 0 or attempt == 1 or file.sha256 is None or file_sha256(part) == file.sha256:
            break
        part.unlink()
    _accept(entry, file, part, path, say)


def _accept(entry: WeightsEntry, file: WeightFile, part: Path, path: Path, say: Say) -> None:
    """Compare the sum, record it, and give the file its name."""
    found = file_sha256(part)
    expected = file.sha256 or recorded_sha256(path)
    if expected is not None and found != expected:
        part.unlink()
        raise WeightsError(
            f"weights {entry.name}: {file.name} from {_address(file)} sums to SHA-256 {found}, expected {expected}. It was "
            "not kept. Fetch again; if it stays so, the source was changed or something between you and it alters files."
        )
    if expected is None:
        say(f"{entry.name}: {file.name} has no published checksum; recorded {found} of this first fetch")
    try:
        write_record(path, found)
        os.replace(part, path)
    except OSError as error:
        raise cannot_write(path, error) from error


def _require_network(entry: WeightsEntry) -> None:
    for variable in OFFLINE_VARIABLES:
        if os.environ.get(variable, "").upper() in {"1", "ON", "YES", "TRUE"}:
            raise WeightsError(
                f"weights {entry.name}: not in the cache, and {variable} forbids to fetch them. Unset it, or copy the files "
                f"from another machine (docs/weights.md); {CACHE_VARIABLE} names the cache."
            )


def _address(file: WeightFile) -> str:
    endpoint = os.environ.get(ENDPOINT_VARIABLE, "").rstrip("/")
    return file.url.replace(HUGGING_FACE, endpoint, 1) if endpoint else file.url


def _request(file: WeightFile, start: int) -> urllib.request.Request:
    request = urllib.request.Request(_address(file), headers={"User-Agent": "samtrack"})
    if start:
        request.add_header("Range", f"bytes={start}-")
    token = os.environ.get(TOKEN_VARIABLE)
    if token and file.url.startswith(HUGGING_FACE):
        request.add_unredirected_header("Authorization", f"Bearer {token}")  # not for the store it redirects to
    return request


def _download(entry: WeightsEntry, file: WeightFile, part: Path) -> None:
    """Append to what there is of the file until it is whole."""
    start = part.stat().st_size if part.exists() else 0
    try:
        with urllib.request.urlopen(_request(file, start), timeout=TIMEOUT_S) as answer:
            goes_on = answer.status == 206
            expected = _whole_size(answer, start if goes_on else 0)
            _require_space(entry, file, part, (expected or 0) - (start if goes_on else 0))
            _write(answer, part, "ab" if goes_on else "wb")
    except urllib.error.HTTPError as error:
        if error.code == 416 and start:  # there is nothing after what we have: it is whole, its sum will tell
            return
        raise _refused(entry, file, error) from error
    except (urllib.error.URLError, http.client.HTTPException, OSError) as error:
        raise _no_network(entry, file, error) from error
    size = part.stat().st_size
    if expected is not None and size != expected:
        raise WeightsError(
            f"weights {entry.name}: the connection to {_address(file)} broke off after {size} of {expected} bytes. Run the "
            "same command again: it goes on from there."
        )


def _write(answer: http.client.HTTPResponse, part: Path, mode: str) -> None:
    # an answer that ends too early is told by its size
    with part.open(mode) as stream, contextlib.suppress(http.client.IncompleteRead):
        while chunk := answer.read(CHUNK_BYTES):
            try:
                stream.write(chunk)
            except OSError as error:
                raise cannot_write(part, error) from error


def _whole_size(answer: http.client.HTTPResponse, start: int) -> int | None:
    length = answer.headers.get("Content-Length")
    return start + int(length) if length is not None and length.isdigit() else None


def _require_space(entry: WeightsEntry, file: WeightFile, part: Path, n_bytes: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if n_bytes > free:
        raise WeightsError(
            f"weights {entry.name}: {file.name} needs {n_bytes / 1e6:.0f} MB, but {part.parent} has {free / 1e6:.0f} MB "
            f"free. Free space, or name another folder in {CACHE_VARIABLE} or sam2.cache."
        )


def _refused(entry: WeightsEntry, file: WeightFile, error: urllib.error.HTTPError) -> WeightsError:
    if error.code in (401, 403) and entry.gated:
        return WeightsError(
            f"weights {entry.name}: {entry.source} is gated (HTTP {error.code}). Ask for access on that page while logged "
            f"in, then set {TOKEN_VARIABLE} to a token of your account and fetch again."
        )
    return WeightsError(
        f"weights {entry.name}: {_address(file)} answered HTTP {error.code} ({error.reason}). Try again later, or copy the "
        "files from another machine (docs/weights.md)."
    )


def _no_network(entry: WeightsEntry, file: WeightFile, error: Exception) -> WeightsError:
    reason = getattr(error, "reason", None) or error
    return WeightsError(
        f"weights {entry.name}: {_address(file)} cannot be reached, or broke off ({reason}). Fetch them on a machine "
        f"with a network and copy the folder (docs/weights.md), or use {CACHE_VARIABLE} to name a folder that has them."
    )
