"""The cells of one frame as the linker sees them: columns of `Detections` in an order that forgets the labels.

Rows of a table are sorted by label, which is arbitrary. Sorted by position and shape instead, every array of a frame is the
same whatever the labels are, so that ties and roundings cannot depend on them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samtrack.link.measure import radius_of
from samtrack.types import Detections

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells of one frame; ``row`` is the row of each in its table, ``centre_um`` is (n, ndim)."""

    row: Ints
    label: Ints
    centre_um: Floats
    size_um: Floats
    radius_um: Floats
    intensity: Floats
    intensity_sd: Floats
    elongation: Floats
    spread: Floats
    neighbour_um: Floats
    border_um: Floats
    tree: Any

    def __len__(self) -> int:
        return len(self.row)

    def take(self, which: npt.NDArray[Any]) -> Cells:
        """Some of the cells, in the same order."""
        columns = {name: getattr(self, name)[which] for name in _COLUMNS}
        return Cells(**columns, tree=_tree(columns["centre_um"]))


_COLUMNS = tuple(name for name in Cells.__slots__ if name != "tree")


def split_by_frame(detections: Detections, frames: Sequence[int]) -> dict[int, Cells]:
    """The cells of each of the given frames; a frame without any has an empty entry."""
    return {frame: _cells_of(detections, frame) for frame in frames}


def _cells_of(table: Detections, frame: int) -> Cells:
    first, stop = np.searchsorted(table.frame, [frame, frame + 1])
    part = slice(int(first), int(stop))
    centre = table.centroid_um[part]
    keys = [*centre.T, table.size_um[part], *table.box_start[part].T, table.elongation[part], table.intensity[part]]
    order = np.lexsort(keys[::-1])
    at = order + first
    return Cells(
        row=at.astype(np.int64),
        label=table.label[at],
        centre_um=table.centroid_um[at],
        size_um=table.size_um[at],
        radius_um=radius_of(table.size_um[at], table.ndim),
        intensity=table.intensity[at],
        intensity_sd=table.intensity_sd[at],
        elongation=table.elongation[at],
        spread=table.spread[at],
        neighbour_um=table.neighbour_um[at],
        border_um=table.border_um[at],
        tree=_tree(table.centroid_um[at]),
    )


def _tree(points: Floats) -> Any:
    """A KD-tree, or None for no points; sliding midpoint splits cope with many points in one place."""
    return cKDTree(points, balanced_tree=False) if len(points) else None
