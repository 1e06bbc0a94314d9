"""The decision's tables for who needs a few columns of them: read part by part, so that the others never are in memory.

A movie of millions of cells has several proposals for each, with dozens of facts; a page or a check wants the chosen ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from samtrack.errors import DataError
from samtrack.io.names import FEATURE_PREFIX
from samtrack.types import Detections

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


def read_columns(path: Path, columns: Sequence[str]) -> Columns:
    """Some columns of any table."""
    try:
        table = pyarrow.parquet.read_table(path, columns=list(columns))
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}). Delete it and start the run again.") from error
    return {name: table[name].to_numpy() for name in columns}


def feature(name: str) -> str:
    """The column of a fact."""
    return f"{FEATURE_PREFIX}{name}"


def _parts(path: Path, columns: Sequence[str], only_chosen: bool) -> Iterator[Columns]:
    """The table part by part, at least one of them; ``chosen`` is among what is given."""
    try:
        with pyarrow.parquet.ParquetFile(path) as table:
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
    except (OSError, pa.ArrowInvalid) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}). Delete it and start the run again.") from error
