"""What a peer is given and what it gives back; and edges from the chains of cells that trackers speak of."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt

from samtrack.types import Detections, Edges, Frames, Typical

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Material:
    """One movie: its cells as a table, as masks and as images; what is typical of them; and where a peer's weights lie.

    ``gate_um`` is the farthest step that our own linkers ask about, in micrometres: the length to which a peer's settings
    are scaled. The table holds at least one cell.
    """

    detections: Detections
    labels: Frames
    images: Frames
    typical: Typical
    gate_um: float
    model: Path | None = None

    def rows_by_frame(self) -> list[Ints]:
        """The rows of each frame's cells, in order of label."""
        bounds = np.searchsorted(self.detections.frame, np.arange(self.labels.n_frames + 1))
        return [np.arange(first, stop) for first, stop in pairwise(bounds)]


@dataclass(frozen=True, slots=True)
class Linked:
    """What a peer decided, the settings it had, and the seconds its own linking took (reading of files not counted)."""

    edges: Edges
    settings: Mapping[str, float | int | str]
    seconds: float


def edges_of_chains(chains: Mapping[int, Sequence[int]], parent_of: Mapping[int, int]) -> Edges:
    """Edges along each chain of rows (in order of time), and from a parent's last row to its child's first.

    A parent that is not among the chains, as one that was dropped, is forgotten. Chains without a row are skipped.
    """
    held = {name: rows for name, rows in chains.items() if len(rows)}
    pairs = [pair for rows in held.values() for pair in pairwise(rows)]
    pairs += [(held[p][-1], held[child][0]) for child, p in parent_of.items() if child in held and p in held]
    source, target = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    return Edges(source, target)
