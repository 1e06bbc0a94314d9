"""The tables as Parquet: detections, links, divisions, merges, tracks, filled masks; and the final one as CSV.

On disk a detection is the pair (frame, label); in memory it is a row of a `Detections`. Reading translates, and fails if a
table speaks of a detection that is not there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from samtrack.errors import DataError
from samtrack.io.atomic import written_file
from samtrack.io.names import FEATURE_PREFIX
from samtrack.types import (
    MERGE_ROLES,
    Box,
    Detections,
    Divisions,
    Links,
    MaskPatch,
    Merges,
    Origin,
    Tracks,
    Typical,
)

AXES = {2: ("y", "x"), 3: ("z", "y", "x")}
DIVISION_ROLES = ("mother", "daughter_a", "daughter_b")
_PLAIN = (
    "frame",
    "label",
    "size_um",
    "intensity",
    "intensity_sd",
    "elongation",
    "spread",
    "neighbour_um",
    "border_um",
    "origin",
)
_PER_AXIS = ("centroid_um", "box_start", "box_stop")


def write_table(path: Path, columns: Mapping[str, Any], csv: bool = False) -> None:
    """Columns of equal length as Parquet (or CSV), under the final name only when complete."""
    table = pa.table({name: pa.array(values) for name, values in columns.items()})
    with written_file(path) as part:
        if csv:
            pa.csv.write_csv(table, part, pa.csv.WriteOptions(quoting_style="needed"))
        else:
            pa.parquet.write_table(table, part, compression="zstd", store_schema=False)


def read_table(path: Path) -> dict[str, npt.NDArray[Any]]:
    """All columns of a Parquet file as arrays."""
    table = _read(path)
    return {name: table[name].to_numpy() for name in table.column_names}


def _read(path: Path) -> pa.Table:
    try:
        return pa.parquet.read_table(path)
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}). Delete it and start the run again.") from error


def write_detections(path: Path, detections: Detections) -> None:
    """One block's detections."""
    columns = {name: getattr(detections, name) for name in _PLAIN}
    for name in _PER_AXIS:
        for i, axis in enumerate(AXES[detections.ndim]):
            columns[f"{name}_{axis}"] = getattr(detections, name)[:, i]
    write_table(path, columns)


def read_detections(paths: Sequence[Path]) -> Detections:
    """The detections of the given blocks, in the given order, as one table."""
    return Detections.concatenate([_read_detections(path) for path in paths])


def _read_detections(path: Path) -> Detections:
    columns = read_table(path)
    axes = AXES[3 if "centroid_um_z" in columns else 2]
    try:
        stacked = {name: np.stack([columns[f"{name}_{a}"] for a in axes], axis=1) for name in _PER_AXIS}
        return Detections(**{name: columns[name] for name in _PLAIN}, **stacked)
    except (KeyError, ValueError) as error:
        raise DataError(f"{path}: is not a table of detections ({error}). Delete it and run again.") from error


def write_links(path: Path, links: Links, detections: Detections, **extra: npt.NDArray[Any]) -> None:
    """Links by the frame and label of their ends; ``extra`` columns (such as ``chosen``) come beside."""
    columns = {**_keys("source", links.source, detections), **_keys("target", links.target, detections)}
    columns |= {"score": links.score, "origin": links.origin} | extra
    write_table(path, columns | _feature_columns(links.features, links.feature_names))


def read_links(
    paths: Sequence[Path], detections: Detections, among: bool = False
) -> tuple[Links, dict[str, npt.NDArray[Any]]]:
    """Links of the given blocks as rows of ``detections``, and all columns of the files.

    ``among``: ``detections`` are not all, and links of others are left out.
    """
    columns = _read_many(paths, ("source", "target"), detections if among else None)
    names, features = _features_of(columns)
    links = Links(
        _rows("source", columns, detections, paths),
        _rows("target", columns, detections, paths),
        columns["score"],
        columns["origin"],
        features,
        names,
    )
    return links, columns


def write_divisions(path: Path, divisions: Divisions, detections: Detections, **extra: npt.NDArray[Any]) -> None:
    """Divisions by the frame and label of mother and daughters."""
    columns: dict[str, Any] = {}
    for role in DIVISION_ROLES:
        columns |= _keys(role, getattr(divisions, role), detections)
    columns |= {"score": divisions.score} | extra
    write_table(path, columns | _feature_columns(divisions.features, divisions.feature_names))


def read_divisions(
    paths: Sequence[Path], detections: Detections, among: bool = False
) -> tuple[Divisions, dict[str, npt.NDArray[Any]]]:
    """Divisions of the given blocks as rows of ``detections``, and all columns of the files; ``among`` as for links."""
    columns = _read_many(paths, DIVISION_ROLES, detections if among else None)
    names, features = _features_of(columns)
    rows = [_rows(role, columns, detections, paths) for role in DIVISION_ROLES]
    return Divisions(rows[0], rows[1], rows[2], columns["score"], features, names), columns


def write_merges(path: Path, merges: Merges, detections: Detections, **extra: npt.NDArray[Any]) -> None:
    """Merges by the frame and label of the five objects."""
    columns: dict[str, Any] = {}
    for role in MERGE_ROLES:
        columns |= _keys(role, getattr(merges, role), detections)
    columns |= {"score": merges.score} | extra
    write_table(path, columns | _feature_columns(merges.features, merges.feature_names))


def read_merges(
    paths: Sequence[Path], detections: Detections, among: bool = False
) -> tuple[Merges, dict[str, npt.NDArray[Any]]]:
    """Merges of the given blocks as rows of ``detections``, and all columns of the files; ``among`` as for links."""
    columns = _read_many(paths, MERGE_ROLES, detections if among else None)
    return _merges_of(columns, detections, paths), columns


def read_shared(path: Path, detections: Detections) -> Merges:
    """The chosen merges of the decision whose mask lies in the frames of ``detections``, and those beside it, too."""
    columns = read_table(path)
    frames = np.unique(detections.frame)
    is_here = columns["chosen"].astype(np.bool_)
    for role in MERGE_ROLES:
        is_here &= np.isin(columns[f"{role}_frame"], frames)
    return _merges_of({name: column[is_here] for name, column in columns.items()}, detections, [path])


def _merges_of(columns: Mapping[str, npt.NDArray[Any]], detections: Detections, paths: Sequence[Path]) -> Merges:
    names, features = _features_of(columns)
    rows = {role: _rows(role, columns, detections, paths) for role in MERGE_ROLES}
    return Merges(**rows, score=columns["score"], features=features, feature_names=names)


def write_tracks(path: Path, assigned_path: Path, tracks: Tracks, detections: Detections) -> None:
    """Tracks as one table, the track of each detection as another."""
    write_table(assigned_path, {"frame": detections.frame, "label": detections.label, "track": tracks.track_of})
    names = ("track", "first_frame", "last_frame", "parent")
    write_table(path, {name: getattr(tracks, name) for name in names})


def read_tracks(path: Path, assigned_path: Path, detections: Detections, kept: Sequence[str] = ()) -> Tracks:
    """Tracks as decided over ``detections`` (all of the movie, or those of some blocks).

    ``kept`` is the table that says which of them are followed; without one, all are.
    """
    assigned = read_table(assigned_path)
    rows = detections.rows_of(assigned["frame"], assigned["label"])
    track_of = np.full(len(detections), -1, dtype=np.int64)
    track_of[rows[rows >= 0]] = assigned["track"][rows >= 0]
    if np.any(track_of < 0):
        raise DataError(f"{assigned_path}: lacks {np.count_nonzero(track_of < 0)} detections. Delete it and run again.")
    is_followed = read_table(Path(kept[0]))["kept"].astype(np.bool_) if kept else None
    return Tracks(track_of=track_of, **read_table(path), is_followed=is_followed)


def write_patches(path: Path, patches: Sequence[MaskPatch], ndim: int) -> None:
    """Filled masks of one block; masks as packed bits."""
    columns: dict[str, Any] = {
        "frame": np.array([p.frame for p in patches], dtype=np.int64),
        "track": np.array([p.track for p in patches], dtype=np.int64),
        "score": np.array([p.score for p in patches], dtype=np.float64),
        "origin": np.array([int(p.origin) for p in patches], dtype=np.int64),
        "mask": pa.array([np.packbits(p.mask).tobytes() for p in patches], type=pa.binary()),
    }
    for name in ("start", "stop"):
        corner = np.array([getattr(p.box, name) for p in patches], dtype=np.int64).reshape(-1, ndim)
        columns |= {f"{name}_{axis}": corner[:, i] for i, axis in enumerate(AXES[ndim])}
    write_table(path, columns)


def read_patches(paths: Sequence[Path]) -> list[MaskPatch]:
    """Filled masks of the given blocks. Their depth is not kept: conflicts were resolved when they were made."""
    patches = []
    for path in paths:
        columns = read_table(path)
        axes = AXES[3 if "start_z" in columns else 2]
        starts, stops = (np.stack([columns[f"{n}_{a}"] for a in axes], axis=1) for n in ("start", "stop"))
        for i in range(len(starts)):
            box = Box(tuple(starts[i]), tuple(stops[i]))
            bits = np.unpackbits(np.frombuffer(columns["mask"][i], dtype=np.uint8), count=int(np.prod(box.shape)))
            mask = bits.astype(np.bool_).reshape(box.shape)
            depth = np.zeros(box.shape, dtype=np.float32)
            frame, track, origin = (int(columns[name][i]) for name in ("frame", "track", "origin"))
            patches.append(MaskPatch(frame, track, box, mask, depth, float(columns["score"][i]), Origin(origin)))
    return patches


def write_typical(path: Path, typical: Typical) -> None:
    """What is typical of a movie's cells, as JSON."""
    with written_file(path) as part:
        part.write_text(json.dumps(asdict(typical), indent=2) + "\n", encoding="utf-8")


def read_typical(path: Path) -> Typical:
    """What is typical of a movie's cells."""
    try:
        return Typical(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Delete it and start the run again.") from error


def write_number(path: Path, name: str, value: float) -> None:
    """One named number as JSON."""
    with written_file(path) as part:
        part.write_text(json.dumps({name: value}) + "\n", encoding="utf-8")


def read_number(path: Path, name: str) -> float:
    """One named number."""
    try:
        return float(json.loads(path.read_text(encoding="utf-8"))[name])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise DataError(f"{path}: cannot be read ({error}). Delete it and start the run again.") from error


def _keys(role: str, rows: npt.NDArray[np.int64], detections: Detections) -> dict[str, Any]:
    return {f"{role}_frame": detections.frame[rows], f"{role}_label": detections.label[rows]}


def _feature_columns(features: npt.NDArray[np.float32], names: Sequence[str]) -> dict[str, Any]:
    return {f"{FEATURE_PREFIX}{name}": features[:, i] for i, name in enumerate(names)}


def _features_of(columns: Mapping[str, npt.NDArray[Any]]) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    names = tuple(name for name in columns if name.startswith(FEATURE_PREFIX))
    n = len(columns["score"])
    stacked = np.stack([columns[name] for name in names], axis=1) if names else np.zeros((n, 0), dtype=np.float32)
    return tuple(name.removeprefix(FEATURE_PREFIX) for name in names), stacked


def _read_many(
    paths: Sequence[Path], roles: Sequence[str], detections: Detections | None
) -> dict[str, npt.NDArray[Any]]:
    """The columns of tables as one; of rows whose detections (by their roles) are all among ``detections``, if given."""
    table = pa.concat_tables([_read(path) for path in paths])
    columns = {name: table[name].to_numpy() for name in table.column_names}
    if detections is None:
        return columns
    rows = [detections.rows_of(columns[f"{role}_frame"], columns[f"{role}_label"]) for role in roles]
    is_among = np.all(np.stack(rows) >= 0, axis=0)
    return {name: column[is_among] for name, column in columns.items()}


def _rows(
    role: str, columns: Mapping[str, npt.NDArray[Any]], detections: Detections, paths: Sequence[Path]
) -> npt.NDArray[np.int64]:
    rows = detections.rows_of(columns[f"{role}_frame"], columns[f"{role}_label"])
    if np.any(rows < 0):
        first = int(np.flatnonzero(rows < 0)[0])
        raise DataError(
            f"{paths[0].parent}: speaks of label {columns[f'{role}_label'][first]} in frame "
            f"{columns[f'{role}_frame'][first]}, which the detections do not hold. Delete the folder and run again."
        )
    return rows
