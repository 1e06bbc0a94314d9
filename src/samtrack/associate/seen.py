"""A result as a person sees it: which track is where, and by which detection it was seen there."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from samtrack.types import Cell

Ints = npt.NDArray[np.int64]


class Seen:
    """The rows of a result's table: ``label`` is 0 where a track's mask was drawn or is a part of a shared one."""

    def __init__(self, track: Ints, frame: Ints, label: Ints, parent: Ints) -> None:
        order = np.lexsort((frame, track))
        self._cells: dict[int, list[Cell]] = defaultdict(list)
        self._present: set[tuple[int, int]] = set()
        self._children: dict[int, list[int]] = defaultdict(list)
        self._parent: dict[int, int] = {}
        rows = zip(*(column[order].tolist() for column in (track, frame, label, parent)), strict=True)
        for its, t, value, mother in rows:
            self._present.add((its, t))
            if value:
                self._cells[its].append((t, value))
            if mother and its not in self._parent:
                self._parent[its] = mother
                self._children[mother].append(its)

    @property
    def n_tracks(self) -> int:
        """Number of tracks."""
        return len(self._cells)

    def cells_of(self, track: int) -> Sequence[Cell]:
        """All detections of a track, by frame; none of a track that does not exist."""
        return self._cells.get(track, [])

    def is_present(self, track: int, frame: int) -> bool:
        """Whether the result shows the track in a frame, seen or drawn."""
        return (track, frame) in self._present

    def last_until(self, track: int, frame: int) -> Cell | None:
        """The track's last detection up to a frame, that frame included."""
        cells = self.cells_of(track)
        at = bisect_right(cells, frame, key=_frame_of)
        return cells[at - 1] if at else None

    def first_from(self, track: int, frame: int) -> Cell | None:
        """The track's first detection from a frame on."""
        cells = self.cells_of(track)
        at = bisect_left(cells, frame, key=_frame_of)
        return cells[at] if at < len(cells) else None

    def until(self, track: int, cell: Cell) -> Sequence[Cell]:
        """The track's detections up to one of them, that one last."""
        cells = self.cells_of(track)
        return cells[: bisect_right(cells, cell[0], key=_frame_of)]

    def since(self, track: int, cell: Cell) -> Sequence[Cell]:
        """The track's detections from one of them on, that one first."""
        cells = self.cells_of(track)
        return cells[bisect_left(cells, cell[0], key=_frame_of) :]

    def futures_of(self, track: int, cell: Cell) -> list[tuple[Cell, int]]:
        """What a detection goes on as: the track's next one, or the first ones of its daughters, each with its track."""
        following = self.since(track, cell)[1:2]
        if following:
            return [(following[0], track)]
        return [(self._cells[child][0], child) for child in self._children.get(track, []) if self._cells.get(child)]

    def past_of(self, track: int, cell: Cell) -> tuple[Cell, int] | None:
        """What a detection was before: the track's one before it, or its mother's last one; with its track."""
        before = self.until(track, cell)[-2:-1]
        if before:
            return before[0], track
        mother = self._parent.get(track, 0)
        cells = self.cells_of(mother)
        return (cells[-1], mother) if cells else None

    def told(self, track: int) -> str:
        """Where a track is, in words."""
        frames = [cell[0] for cell in self.cells_of(track)]
        return f"it is seen from frame {frames[0]} to {frames[-1]}" if frames else "it is not in the result"


def _frame_of(cell: Cell) -> int:
    return cell[0]
