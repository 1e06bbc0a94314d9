"""Which tracks descend from the cells of the first frame that somebody gives, and which detections those cells are.

Everything is decided before and without this: a cell that is not followed is a cell all the same.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samtrack.types import Detections, Points, Tracks

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

REACH_RADII = 2.0
"""How far the centre of a cell may lie from a given point that lies in no mask, in radii of a typical cell: two cells that
touch are as far apart, so that a point beyond it is as likely to be the neighbour's."""


@dataclass(frozen=True, slots=True)
class FoundCells:
    """For each given cell: its detection (a row; -1: none) and how far its centre lies from the point (NaN: none)."""

    row: Ints
    distance_um: Floats

    @property
    def is_found(self) -> npt.NDArray[np.bool_]:
        """Whether a given cell was found."""
        return self.row >= 0


def find_given(given: Points, label_at: Ints, detections: Detections, tracks: Tracks, radius_um: float) -> FoundCells:
    """The given cells among the tracked detections of the first frame.

    ``label_at`` is the label in which each point lies (0: none). Of the points that lie in no tracked mask each takes the
    nearest detection in reach that nobody has, nearest pairs first.
    """
    rows = np.flatnonzero((detections.frame == 0) & (tracks.track_of > 0))
    at = detections.rows_of(np.zeros(len(given), dtype=np.int64), label_at)
    row = np.where((at >= 0) & np.isin(at, rows), at, -1)
    free, lost = rows[~np.isin(rows, row)], np.flatnonzero(row < 0)
    reach = REACH_RADII * radius_um
    if len(free) and len(lost):
        near = cKDTree(given.position_um[lost]).sparse_distance_matrix(
            cKDTree(detections.centroid_um[free]), reach, output_type="coo_matrix"
        )
        # of equal distances the detection that comes first in the table counts, not the order of the points
        for i in np.lexsort((given.label[lost][near.row], near.col, near.data)):
            point, cell = lost[near.row[i]], free[near.col[i]]
            if row[point] < 0 and cell not in row:
                row[point] = cell
    distance = np.linalg.norm(given.position_um - detections.centroid_um[row], axis=1) if len(detections) else row * 0.0
    return FoundCells(row, np.where(row >= 0, distance, np.nan))


def ancestors_in(tracks: Tracks, is_root: npt.NDArray[np.bool_]) -> Ints:
    """For each track the root that it descends from, or is; 0 for the others. ``is_root`` is one boolean per track."""
    up = np.r_[0, np.where(is_root, tracks.track, tracks.parent)]
    while not np.array_equal(further := up[up], up):
        up = further
    return up[1:]
