"""Tables of the decision and the result for who needs a few columns: read part by part, so that the rest never is in memory.

A movie of millions of cells has several proposals for each, with dozens of facts; a page or a check wants the chosen ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from samtrack.errors import DataError
from samtrack.io.names import DIVISIONS_TABLE, FEATURE_PREFIX, LINKS_TABLE, MERGES_TABLE
from samtrack.types import Detections

PAIRS = {
    LINKS_TABLE: [("source", "target")],
    DIVISIONS_TABLE: [("mother", "daughter_a"), ("mother", "daughter_b")],
    MERGES_TABLE: [("before_a", "after_a"), ("before_b", "after_b")],
}
"""By table: which of its roles follow each other. Between the two of a merge lies the shared mask."""

PART_ROWS = 1 << 17
"""Rows that are read at once: some tens of MB with texts, whatever the size of the table."""

Columns = dict[str, npt.NDArray[Any]]


def read_proposals(
    path: Path,
    roles: Sequence[str],
    detections: Detections,
    columns: Sequence[str] = ("score",),
    only_chosen: bool = True,
    among: bool = False,
) -> Columns:
    """Columns of a table of the decision, and for each of ``roles`` the row of its detection.

    ``only_chosen`` leaves out what was not taken; with ``among`` the detections are not all, and proposals of others are
    left out. Names of facts begin with their prefix. Columns that the table lacks are left out.
    """
    wanted = [*columns, *(f"{role}_{key}" for role in roles for key in ("frame", "label"))]
    parts: list[Columns] = []
    for part in _parts(path, wanted, only_chosen):
        rows = {role: detections.rows_of(part.pop(f"{role}_frame"), part.pop(f"{role}_label")) for role in roles}
        known = np.all(np.stack(list(rows.values())) >= 0, axis=0)
        if not among and not known.all():
            raise DataError(
                f"{path}: speaks of {np.count_nonzero(~known)} detections that the tables of detections do not hold. "
                "Delete the folder and run again."
            )
        parts.append({name: column[known] for name, column in {**part, **rows}.items()})
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def read_reasons(path: Path, below: float, columns: Sequence[str]) -> Columns:
    """Some columns of the chosen proposals of a probability of at most ``below``; ``at``: which of the chosen each is."""
    parts: list[Columns] = []
    before = 0
    for part in _parts(path, ["score", *columns], only_chosen=True):
        kept = np.flatnonzero(part["score"] <= below)
        parts.append({name: column[kept] for name, column in part.items()} | {"at": before + kept})
        before += len(part["score"])
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def read_chosen(decided: Path) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """Frame and label of the earlier, those of the later, probability of the chosen pairs; kind by kind, part by part."""
    for name, pairs in PAIRS.items():
        ends = [[f"{role}_{key}" for role in roles for key in ("frame", "label")] for roles in pairs]
        wanted = [*(column for columns in ends for column in columns), "score"]
        for part in _parts(decided / name, wanted, only_chosen=True):
            _require(decided / name, wanted, part)
            for columns in ends:
                yield tuple(part[column] for column in (*columns, "score"))


def read_columns(path: Path, columns: Sequence[str]) -> Columns:
    """Some columns of any table."""
    with _reading(path), pyarrow.parquet.ParquetFile(path) as file:
        _require(path, columns, file.schema_arrow.names)
        table = file.read(columns=list(columns))
        return {name: table[name].to_numpy() for name in columns}


def read_column(path: Path, name: str) -> npt.NDArray[Any]:
    """One column of any table."""
    return np.asarray(read_columns(path, [name])[name])


def feature(name: str) -> str:
    """The column of a fact."""
    return f"{FEATURE_PREFIX}{name}"


def _parts(path: Path, columns: Sequence[str], only_chosen: bool) -> Iterator[Columns]:
    """The table part by part, at least one of them; ``chosen`` is among what is given."""
    with _reading(path), pyarrow.parquet.ParquetFile(path) as table:
        there = set(table.schema_arrow.names)
        names = [name for name in dict.fromkeys([*columns, "chosen"]) if name in there]
        empty = True
        for batch in table.iter_batches(PART_ROWS, columns=names):
            part = {name: batch.column(name).to_numpy(zero_copy_only=False) for name in names}
            chosen = part["chosen"].astype(np.bool_)
            yield {name: column[chosen] for name, column in part.items()} if only_chosen else part
            empty = False
        if empty:
            none = table.schema_arrow.empty_table()
            yield {name: none[name].to_numpy() for name in names}


def _require(path: Path, columns: Sequence[str], there: Iterable[str]) -> None:
    """Columns that a table must have."""
    absent = [name for name in dict.fromkeys(columns) if name not in set(there)]
    if absent:
        raise DataError(
            f"{path}: lacks {', '.join(absent)}; an older samtrack wrote it. Delete it and start the run again."
        )


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Errors of reading a table in the user's words."""
    try:
        yield
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}). Delete it and start the run again.") from error
