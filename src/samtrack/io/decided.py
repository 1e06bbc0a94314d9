"""What a decision says of pairs of detections that were chosen, read column by column."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def read_chosen(decided: Path) -> Iterator[tuple[npt.NDArray[Any], ...]]:
    """For each kind of pair: frame and label of the earlier, frame and label of the later, probability."""
    for name, pairs in PAIRS.items():
        for roles in pairs:
            wanted = [f"{role}_{key}" for role in roles for key in ("frame", "label")]
            yield _columns(decided / name, [*wanted, "score"], filters=[("chosen", "==", True)])


def read_column(path: Path, name: str) -> npt.NDArray[Any]:
    """One column of a Parquet file."""
    return _columns(path, [name])[0]


def _columns(path: Path, names: Sequence[str], filters: Any = None) -> tuple[npt.NDArray[Any], ...]:
    try:
        table = pa.parquet.read_table(path, columns=list(names), filters=filters)
        return tuple(np.asarray(table[name].to_numpy()) for name in names)
    except (OSError, KeyError, pa.ArrowInvalid) as error:
        why = str(error).splitlines()[0]  # the others list all columns
        raise DataError(f"{path}: lacks {', '.join(names)} ({why}). Delete it and start the run again.") from error
