"""The result as a graph: a node for each cell and frame, an edge from each of them to where it went."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.types.geometry import Scale

Ints = npt.NDArray[np.int64]

Column = Callable[[str], npt.NDArray[Any]]
"""Reads one column of the final table; whoever writes millions of rows holds few of them at a time."""


@dataclass(frozen=True, slots=True)
class TrackGraph:
    """Rows of the final table, sorted by (track, frame), as nodes; a node is its row.

    ``before`` is the row that a node comes from (-1: none): its cell in an earlier frame or, at the first of a daughter,
    the last of its mother; so every node has at most one edge into it and two out of it. ``probability`` is that of this
    edge, NaN where the linker gave none. ``tracklet`` numbers the paths between divisions, ``lineage`` the cells with all
    their descendants; both by the number of the first track in them.
    """

    before: Ints
    probability: npt.NDArray[np.float64]
    tracklet: Ints
    lineage: Ints

    def __post_init__(self) -> None:
        lengths = {f.name: len(getattr(self, f.name)) for f in fields(self)}
        if len({*lengths.values()}) != 1:
            raise ValueError(f"the columns of a graph have different lengths: {lengths}")
        if np.any(self.before >= len(self.before)) or np.any(self.before == np.arange(len(self.before))):
            raise ValueError("a node comes from itself, or from a row that is not there")

    def __len__(self) -> int:
        return len(self.before)

    @property
    def targets(self) -> Ints:
        """The nodes into which an edge goes, rising; `before` of them are the sources."""
        return np.flatnonzero(self.before >= 0)


@dataclass(frozen=True, slots=True)
class Filmed:
    """What a graph is about: the name of the movie, its number of frames, their shape (z)yx, and its scale."""

    name: str
    n_frames: int
    shape: tuple[int, ...]
    scale: Scale
