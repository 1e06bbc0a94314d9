"""The cells of a frame with where they were in the frames before, from a result's table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.view.colours import colour_of

TAIL = 10
"""Frames before the one shown of which a cell's path is drawn."""


class Tails:
    """The rows of a result's table, by frame and by track."""

    def __init__(self, table: Mapping[str, npt.NDArray[Any]]) -> None:
        self._track, self._frame = table["track_id"].astype(np.int64), table["t"].astype(np.int64)
        self._parent = table["parent_track_id"].astype(np.int64)
        axes = [axis for axis in ("z", "y", "x") if axis in table]
        self.place = np.stack([table[axis] for axis in axes], axis=1).astype(np.float64)
        self._order = np.argsort(self._frame, kind="stable")
        self._by_track = np.lexsort((self._frame, self._track))
        self._tracks, first = np.unique(self._track[self._by_track], return_index=True)
        self._ends = np.append(first, len(self._by_track))
        last = int(self._frame.max(initial=-1))
        self._starts = np.searchsorted(self._frame[self._order], np.arange(last + 2))

    @property
    def n_tracks(self) -> int:
        """Number of tracks."""
        return len(self._tracks)

    def track(self, number: int) -> dict[str, Any] | None:
        """First and last frame of a track, its masks, mother and daughters; None if there is none of that number."""
        at = int(np.searchsorted(self._tracks, number))
        if at == len(self._tracks) or self._tracks[at] != number:
            return None
        rows = self._by_track[self._ends[at] : self._ends[at + 1]]
        daughters = np.unique(self._track[self._parent == number])
        return {
            "track": number,
            "first": int(self._frame[rows[0]]),
            "last": int(self._frame[rows[-1]]),
            "masks": len(rows),
            "parent": int(self._parent[rows[0]]),
            "daughters": daughters.tolist(),
        }

    def rows_at(self, frame: int) -> npt.NDArray[np.int64]:
        """Rows of a frame."""
        if not 0 <= frame < len(self._starts) - 1:
            return np.zeros(0, dtype=np.int64)
        return self._order[self._starts[frame] : self._starts[frame + 1]]

    def at(self, frame: int) -> list[dict[str, Any]]:
        """Each cell of a frame: track, parent, colour, and its path [(frame, place)] of the last frames, oldest first.

        The path of a cell that was born in these frames begins with its mother's; ``born`` is the place in the path where
        its own begins, and 0 if it does so before.
        """
        here = self.rows_at(frame)
        before = np.concatenate([self.rows_at(t) for t in range(max(frame - TAIL, 0), frame + 1)])
        paths: dict[int, list[list[float]]] = {}
        for row in before.tolist():
            paths.setdefault(int(self._track[row]), []).append(
                [float(self._frame[row]), *np.round(self.place[row], 2).tolist()]
            )
        colours = colour_of(self._track[here]).tolist()
        found = []
        for row, track, colour in zip(here.tolist(), self._track[here].tolist(), colours, strict=True):
            parent, own = int(self._parent[row]), paths[track]
            before_birth = [place for place in paths.get(parent, []) if place[0] < own[0][0]]
            found.append(
                {
                    "track": track,
                    "parent": parent,
                    "colour": colour,
                    "path": before_birth + own,
                    "born": len(before_birth),
                }
            )
        return found

    def graph(self) -> dict[int, list[int]]:
        """Parent of each track that has one, as napari wants it."""
        child, first = np.unique(self._track, return_index=True)
        parent = self._parent[first]
        known = (parent > 0) & np.isin(parent, child)
        return {int(c): [int(p)] for c, p in zip(child[known], parent[known], strict=True)}

    def points(self) -> npt.NDArray[np.float64]:
        """Rows (track, frame, (z), y, x), sorted by track and frame, as napari's tracks layer wants them."""
        order = self._by_track
        return np.column_stack([self._track[order], self._frame[order], self.place[order]])
