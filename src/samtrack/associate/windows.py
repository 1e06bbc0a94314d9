"""A long movie in windows of columns: each side is decided where all columns that cover it have been seen.

Columns are sorted by the first detection they name. Detections are numbered by frame, so a window is a span of time, and a
column that comes later covers no detection before its own first. So of every detection before the window's horizon all
columns are here, and what is decided from those alone is decided for the whole movie; what hangs on a detection
beyond the horizon is carried into the next window. Memory for the work is that of a window and what is carried,
which is a matter of seconds of the movie, not of its length.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import NO_SIDE, Columns

Bools = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]

WINDOW_COLUMNS = 2**20
"""New columns of a window: some 200 MB of work. Most movies have fewer, and are decided in one."""


@dataclass(slots=True)
class Window:
    """Some columns of a problem. What is put into ``carried`` comes again in the next window."""

    rows: Ints
    """Which columns, in order."""
    known: Bools | None
    """Sides of the problem all of whose columns are here; None: all."""
    carried: Ints


def windows_of(columns: Columns) -> Iterator[Window]:
    """The columns window by window."""
    if len(columns) <= WINDOW_COLUMNS:
        yield Window(np.arange(len(columns)), None, np.zeros(0, dtype=np.int64))
        return
    n_detections = columns.n_sides // 2
    detection = np.arange(columns.n_sides) % n_detections
    sides = np.where(columns.sides == NO_SIDE, columns.sides[:, :1], columns.sides)
    first = detection[sides].min(axis=1)
    order = np.argsort(first, kind="stable")
    first = first[order]
    carried = np.zeros(0, dtype=np.int64)
    start = 0
    while start < len(order):
        last = min(start + WINDOW_COLUMNS, len(order)) - 1
        stop = int(np.searchsorted(first, first[last], side="right"))
        horizon = int(first[stop]) if stop < len(order) else n_detections
        window = Window(
            rows=np.sort(np.concatenate([carried, order[start:stop]])),
            known=None if horizon == n_detections else detection < horizon,
            carried=np.zeros(0, dtype=np.int64),
        )
        yield window
        carried, start = window.carried, stop


def touches_unknown(columns: Columns, known: Bools | None) -> Bools:
    """Columns that cover a side which is not known."""
    if known is None:
        return np.zeros(len(columns), dtype=np.bool_)
    return np.any((columns.sides != NO_SIDE) & ~known[columns.sides], axis=1)
