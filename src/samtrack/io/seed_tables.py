"""Points in tables: CSV files of any spelling, Parquet, and a JSON of {label: position}.

Here a file becomes columns; what a position means is told by the names of the columns, and by `SeedFileSettings`.
"""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from samtrack.config.seed_files import SeedFileSettings
from samtrack.errors import DataError
from samtrack.io.damage import reading

AXES = {2: ("y", "x"), 3: ("z", "y", "x")}
FRAME_NAMES = ("frame", "t", "timepoint")
"""What a column of frame numbers is called; the first that is there counts. Of names only letters and digits count."""

LABEL_NAMES = ("label", "id", "trackid")
"""What a column of the cells' names is called."""

DELIMITERS = (";", "\t", ",")
"""Of two that a header holds equally often, the earlier one separates: commas may be part of names."""

Columns = Mapping[str, npt.NDArray[np.float64]]


class RawPoints(NamedTuple):
    """Points as a file has them: frames (None: it names none), labels, positions (n, ndim) in (z)yx, and their unit."""

    frame: npt.NDArray[np.int64] | None
    label: npt.NDArray[np.int64]
    position: npt.NDArray[np.float64]
    in_um: bool

    def take(self, rows: npt.NDArray[np.bool_] | npt.NDArray[np.int64]) -> RawPoints:
        """Some of the points."""
        frame = None if self.frame is None else self.frame[rows]
        return RawPoints(frame, self.label[rows], self.position[rows], self.in_um)


def read_point_table(path: Path, ndim: int, settings: SeedFileSettings) -> RawPoints:
    """The points of a CSV or Parquet table."""
    columns = _read_parquet(path) if path.suffix.lower() in (".parquet", ".pq") else _read_csv(path)
    names, in_um = _position_columns(path, list(columns), ndim, settings)
    position = np.stack([columns[name] for name in names], axis=1)
    if not np.isfinite(position).all():
        bad = np.flatnonzero(~np.isfinite(position).all(axis=1))
        raise DataError(
            f"{path}: {len(bad)} of {len(position)} rows have no number in {', '.join(names)}, the first of them row "
            f"{bad[0] + 1} below the header. Complete these rows, or remove them."
        )
    if ndim == 3:
        position[:, 0] /= settings.z_divisor
    frame, label = (_whole(path, columns, known) for known in (FRAME_NAMES, LABEL_NAMES))
    return RawPoints(frame, np.arange(1, len(position) + 1) if label is None else label, position, in_um)


def read_point_json(path: Path, ndim: int) -> RawPoints:
    """The points of a JSON file that holds ``{"label": [z, y, x], …}`` in voxels."""
    with reading(path):
        found = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(found, dict):
        raise DataError(f'{path}: holds a {type(found).__name__}, expected {{"label": [{", ".join(AXES[ndim])}], …}}.')
    try:
        label = np.array([int(name) for name in found], dtype=np.int64)
        position = np.array([[float(v) for v in place] for place in found.values()], dtype=np.float64)
        position = position.reshape(len(label), ndim)
    except (TypeError, ValueError) as error:
        raise DataError(
            f"{path}: is not a mapping of whole numbers to {ndim} numbers each, {', '.join(AXES[ndim])} in voxels "
            f"({error}). Correct it."
        ) from error
    return RawPoints(None, label, position, in_um=False)


def _position_columns(path: Path, found: list[str], ndim: int, settings: SeedFileSettings) -> tuple[list[str], bool]:
    """The columns that hold (z)yx, and whether they are micrometres."""
    plain = [next((n for n in (axis, f"{axis}pos") if n in found), None) for axis in AXES[ndim]]
    physical: list[str | None] = [f"{axis}um" if f"{axis}um" in found else None for axis in AXES[ndim]]
    order = [(physical, True), (plain, settings.units == "um")]
    for names, in_um in order if settings.units == "um" else order[::-1]:
        there = [name for name in names if name is not None]
        if len(there) == ndim and not (in_um and settings.units == "voxels"):
            return there, in_um
    expected = [", ".join(pattern.format(a) for a in AXES[ndim]) for pattern in ("{}", "{}pos", "{}_um")]
    raise DataError(
        f"{path}: has the columns {', '.join(found) or 'none'}, expected {expected[0]} or {expected[1]} (voxels), or "
        f"{expected[2]} (micrometres), for this is a movie in {ndim}D. Rename the columns that hold the positions."
    )


def _whole(path: Path, columns: Columns, known: tuple[str, ...]) -> npt.NDArray[np.int64] | None:
    """The first known column, which must hold whole numbers; None if there is none."""
    name = next((name for name in known if name in columns), None)
    if name is None:
        return None
    values = columns[name]
    whole = np.isfinite(values) & (values == np.rint(values))
    if not whole.all():
        raise DataError(
            f"{path}: column {name} holds {values[~whole][0]:g} in row {np.flatnonzero(~whole)[0] + 1} below the header, "
            "expected whole numbers."
        )
    return values.astype(np.int64)


def _read_csv(path: Path) -> Columns:
    with reading(path):
        data = path.read_bytes()
    first, _, body = data.removeprefix(codecs.BOM_UTF8).partition(b"\n")
    header = first.decode(errors="replace").rstrip("\r")
    if not header:
        raise DataError(
            f"{path}: is empty, expected a header with the names of columns, even for a frame without cells."
        )
    delimiter = max(DELIMITERS, key=lambda sign: (header.count(sign), -DELIMITERS.index(sign)))
    names = [_plain(name) for name in header.split(delimiter)]
    row, separator = body.partition(b"\n")[0].rstrip(b"\r"), delimiter.encode()
    if row.endswith(separator) and row.count(separator) == len(names):
        names.append("")  # rows end with a separator that the header lacks
    wanted = _wanted(names)
    options = pa.csv.ConvertOptions(
        column_types=dict.fromkeys(wanted.values(), pa.float64()),
        include_columns=list(wanted.values()),
        strings_can_be_null=True,
    )
    numbered = [f"f{i}" for i in range(len(names))]
    if not body.strip() or not wanted:
        return {name: np.zeros(0) for name in names if name}
    try:
        table = pa.csv.read_csv(
            io.BytesIO(body),
            pa.csv.ReadOptions(use_threads=False, column_names=numbered),
            pa.csv.ParseOptions(delimiter=delimiter),
            options,
        )
    except pa.ArrowInvalid as error:
        raise DataError(
            f"{path}: cannot be read as a table of {len(names)} columns separated by {delimiter!r} ({error}). Each row must "
            "have as many values as the header has names, and decimals a point."
        ) from error
    return {name: table[wanted[name]].to_numpy() if name in wanted else np.zeros(0) for name in names if name}


def _wanted(names: list[str]) -> dict[str, str]:
    """The columns that are read, by name, with the name that they have while they are read; doubled names count once."""
    known = {*FRAME_NAMES, *LABEL_NAMES, *(f"{axis}{end}" for axis in "zyx" for end in ("", "pos", "um"))}
    return {name: f"f{i}" for i, name in reversed(list(enumerate(names))) if name in known}


def _read_parquet(path: Path) -> Columns:
    with reading(path):
        table = pa.parquet.read_table(path)
    found = {_plain(name): name for name in reversed(table.column_names)}
    wanted = _wanted(list(found))
    columns: dict[str, npt.NDArray[np.float64]] = {name: np.zeros(0) for name in found}
    for name in wanted:
        with reading(path, f"column {found[name]}"):
            columns[name] = table[found[name]].to_numpy().astype(np.float64)
    return columns


def _plain(name: str) -> str:
    """A column's name by its letters and digits alone, in lower case; either µ is a u."""
    return re.sub(r"[^a-z0-9]", "", name.strip().lower().replace("µ", "u").replace("μ", "u"))
