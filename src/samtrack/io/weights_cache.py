"""Where weights lie on this machine, and whether their bytes are those that were published or first fetched.

Each name of the registry has a folder of its own in the cache. Beside a file lies ``FILE.sha256``, in the format of
``sha256sum``: what the file summed to when it was fetched. Nothing here needs the network or torch.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from samtrack.config.weights import REGISTRY, WeightFile, WeightsEntry, entry_named
from samtrack.errors import WeightsError
from samtrack.io.atomic import written_file

CACHE_VARIABLE = "SAMTRACK_WEIGHTS"
"""Environment variable that names the folder of fetched weights."""

RECORD_SUFFIX = ".sha256"

CONFIG_FILE = "config.json"
SAFETENSORS_FILE = "model.safetensors"
TORCH_FILE = "pytorch_model.bin"
"""Names in a Hugging Face folder: the network's sizes, and its numbers in either of two formats."""

SHIPPED_FOLDER = Path(__file__).parents[1] / "models"
"""Below it lie the weights that come with the package."""

CHUNK_BYTES = 1 << 22  # 4 MB at a time: reading speed no longer depends on it


def cache_folder(setting: str | None = None) -> Path:
    """The folder of fetched weights: the setting, else the environment variable, else the user's cache folder."""
    chosen = setting or os.environ.get(CACHE_VARIABLE)
    if chosen:
        return Path(chosen).expanduser()
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "samtrack" / "weights"


def folder_of(entry: WeightsEntry, cache: Path) -> Path:
    """The folder that holds, or will hold, the files of an entry."""
    return SHIPPED_FOLDER / entry.folder if entry.ships else cache / entry.name


def files_of(entry: WeightsEntry, cache: Path) -> list[Path]:
    """Every file that an entry consists of, whether or not it is there."""
    names = [file.name for file in entry.files] or [CONFIG_FILE, SAFETENSORS_FILE]
    return [folder_of(entry, cache) / name for name in names]


def is_here(entry: WeightsEntry, cache: Path) -> bool:
    """Whether all files of an entry are there; their content is for `verify`."""
    return all(path.is_file() for path in files_of(entry, cache))


def locate(weights: str, cache: Path) -> Path:
    """The folder or file that a ``weights`` setting means; an error that says what to do if it is not there.

    A name of the registry comes first; a folder of the same name is reached as ``./NAME``.
    """
    if weights not in REGISTRY:
        path = Path(weights).expanduser()
        return path if path.exists() else folder_of(entry_named(weights), cache)
    entry = REGISTRY[weights]
    if is_here(entry, cache):
        return folder_of(entry, cache) if len(files_of(entry, cache)) > 1 else files_of(entry, cache)[0]
    missing = next(path for path in files_of(entry, cache) if not path.is_file())
    if entry.ships:
        raise WeightsError(
            f"weights {weights}: {missing} is missing, though it ships with samtrack. Install the package anew, or choose "
            "other weights (`samtrack weights list`)."
        )
    raise WeightsError(
        f"weights {weights}: {missing} is not here. Run `samtrack weights fetch {weights}` where there is a network; "
        f"on a machine without one, copy its folder to {missing.parent} or set {CACHE_VARIABLE}."
    )


def file_sha256(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(CHUNK_BYTES):
                digest.update(chunk)
    except OSError as error:
        raise WeightsError(f"{path}: cannot be read ({error.strerror}). Check the path and its permissions.") from error
    return digest.hexdigest()


def record_of(path: Path) -> Path:
    """Where the checksum of a fetched file is recorded."""
    return path.with_name(path.name + RECORD_SUFFIX)


def recorded_sha256(path: Path) -> str | None:
    """What the file summed to when it was fetched, if that was recorded."""
    record = record_of(path)
    words = record.read_text(encoding="ascii", errors="replace").split() if record.is_file() else []
    if record.is_file() and (not words or len(words[0]) != 64):
        raise WeightsError(f"{record}: holds no SHA-256 sum. Delete it and fetch the weights again.")
    return words[0] if words else None


def write_record(path: Path, sha256: str) -> None:
    """Record what a file summed to."""
    with written_file(record_of(path)) as part:
        part.write_text(f"{sha256}  {path.name}\n", encoding="ascii")


Basis = Literal["published", "first fetch", "nothing"]


@dataclass(frozen=True, slots=True)
class Checked:
    """A file, what it sums to, what it should, and who says so."""

    path: Path
    found: str
    expected: str | None
    basis: Basis

    @property
    def is_good(self) -> bool:
        """Whether nothing speaks against the file."""
        return self.expected is None or self.found == self.expected

    def require(self) -> None:
        """Raise if the file is not what it should be."""
        if not self.is_good:
            origin = "published" if self.basis == "published" else "recorded when it was fetched"
            raise WeightsError(
                f"{self.path}: SHA-256 is {self.found}, but {self.expected} was {origin}: the file is damaged or was "
                f"replaced. Delete it and its {RECORD_SUFFIX} file, and fetch it again."
            )


def expected_sha256(path: Path, file: WeightFile | None) -> tuple[str | None, Basis]:
    """What a file should sum to, and who says so."""
    if file is not None and file.sha256 is not None:
        return file.sha256, "published"
    recorded = recorded_sha256(path)
    return recorded, "nothing" if recorded is None else "first fetch"


def verify(entry: WeightsEntry, cache: Path) -> list[Checked]:
    """Sum every file of an entry and compare."""
    if not is_here(entry, cache):
        locate(entry.name, cache)  # raises, and says what to do
    known = {file.name: file for file in entry.files}
    return [check(path, known.get(path.name)) for path in files_of(entry, cache)]


def check(path: Path, file: WeightFile | None = None) -> Checked:
    """Sum one file and compare."""
    return Checked(path, file_sha256(path), *expected_sha256(path, file))
