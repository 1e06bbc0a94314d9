"""Rules about whole lineages: those of marked first cells alone, and what goes on under a name that it need not have.

For some datasets the challenge follows only the cells that are marked in the first frame of its truth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.submit.rules import TABLE, Ints, Rule
from samtrack.types import Violation

Labels = npt.NDArray[np.integer]


@dataclass(frozen=True, slots=True)
class FirstCells:
    """The cells marked in the first frame: their labels, and which pairs (marked cell, object of the result) overlap."""

    marked: Ints
    pairs: Ints

    @property
    def lost(self) -> Ints:
        """Marked cells that no object overlaps."""
        return np.setdiff1d(self.marked, self.pairs[:, 0])


def overlaps_of(marked: Labels, mask: Labels) -> Ints:
    """Pairs of labels (marked cell, object) that share voxels in two images of one shape, as rows."""
    both = (marked > 0) & (mask > 0)
    pairs = np.stack([marked[both].astype(np.int64), mask[both].astype(np.int64)], axis=1)
    return np.unique(pairs, axis=0) if len(pairs) else pairs


def check_lineages(table: Ints, marked: FirstCells | None) -> list[Violation]:
    """Every lineage begins in the first frame, at a marked cell where these are known.

    A marked cell without an object of its own may be followed by one beside it, so each excuses one lineage that
    begins at no marked cell.
    """
    late, first = _roots(table)
    found = [
        Violation(
            str(Rule.LATE_LINEAGE),
            TABLE,
            f"begins a lineage in frame {row[1]}; only descendants of cells of frame 0 are scored, others are errors",
            label=row[0],
        )
        for row in late.tolist()
    ]
    if marked is None:
        return found
    beside = np.setdiff1d(first[:, 0], marked.pairs[:, 1])
    if len(beside) > len(marked.lost):
        said = "is in frame 0 where no cell is marked, nor is any of its ancestors; only marked cells are scored"
        found += [Violation(str(Rule.UNMARKED_LINEAGE), TABLE, said, 0, label) for label in beside.tolist()]
    said = "is marked in the first frame, but no object of the result lies there: its lineage is lost"
    return [*found, *(Violation(str(Rule.LOST_CELL), "first frame", said, 0, label) for label in marked.lost.tolist())]


def _roots(table: Ints) -> tuple[Ints, Ints]:
    """Rows of tracks without a (listed, earlier) parent: those that begin after frame 0, and those that begin in it."""
    listed, row = np.unique(table[:, 0], return_index=True)
    tracks = table[row]
    at = np.minimum(np.searchsorted(listed, tracks[:, 3]), max(len(listed) - 1, 0))
    is_root = (tracks[:, 3] <= 0) | (listed[at] != tracks[:, 3]) if len(tracks) else np.zeros(0, dtype=np.bool_)
    roots = tracks[is_root]
    return roots[roots[:, 1] > 0], roots[roots[:, 1] <= 0]


def check_only_children(table: Ints) -> list[Violation]:
    """Tracks whose only child begins in the frame after their last: one label would do, and the link would be right."""
    listed, row = np.unique(table[:, 0], return_index=True)
    tracks = table[row]
    is_child = np.isin(tracks[:, 3], listed) & (tracks[:, 3] > 0)
    children = tracks[is_child]
    mothers, of, count = np.unique(children[:, 3], return_inverse=True, return_counts=True)
    last = tracks[np.searchsorted(listed, mothers), 2]
    goes_on = (count[of] == 1) & (children[:, 1] == last[of] + 1)
    said = (
        "is the only child of {} and begins in the frame after its last; under one label the link would count as right"
    )
    return [
        Violation(str(Rule.ONLY_CHILD), TABLE, said.format(row[3]), row[1], row[0])
        for row in children[goes_on].tolist()
    ]
