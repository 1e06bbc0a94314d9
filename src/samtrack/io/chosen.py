"""What a decision says of pairs of detections that were chosen, read column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet

from samtrack.errors import DataError
from samtrack.io.names import DIVISIONS_TABLE, LINKS_TABLE, MERGES_TABLE

PAIRS = {
    LINKS_TABLE: [("source", "target")],
    DIVISIONS_TABLE: [("mother", "daughter_a"), ("mother", "daughter_b")],
    MERGES_TABLE: [("before_a", "after_a"), ("before_b", "after_b")],
}
"""By table: which of its roles follow each other. Between the two of a merge lies the shared mask."""

BATCH_ROWS = 2**20
"""Rows that are read at a time; what was proposed and not chosen is many times what was."""


def read_chosen(decided: Path, rows: int = BATCH_ROWS) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """Frame and label of the earlier, those of the later, probability; kind by kind, piece by piece of ``rows``."""
    for name, pairs in PAIRS.items():
        ends = [[f"{role}_{key}" for role in roles for key in ("frame", "label")] for roles in pairs]
        wanted = [*dict.fromkeys(column for columns in ends for column in columns), "score", "chosen"]
        with _reading(decided / name, wanted):
            for batch in pa.parquet.ParquetFile(decided / name).iter_batches(rows, columns=wanted):
                found = {column: batch[column].to_numpy(zero_copy_only=False) for column in wanted}
                for columns in ends:
                    yield tuple(found[column][found["chosen"]] for column in (*columns, "score"))


def read_column(path: Path, name: str) -> npt.NDArray[Any]:
    """One column of a Parquet file."""
    with _reading(path, [name]):
        return np.asarray(pa.parquet.read_table(path, columns=[name])[name].to_numpy())


@contextmanager
def _reading(path: Path, names: Sequence[str]) -> Iterator[None]:
    """Errors of reading some columns in the user's words."""
    try:
        yield
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        why = str(error).splitlines()[0]  # the others list all columns
        raise DataError(f"{path}: lacks {', '.join(names)} ({why}). Delete it and start the run again.") from error
