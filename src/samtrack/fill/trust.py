"""How far the network is believed beside the interpolated shape, judged by what is known: the masks around the gap.

Each observation is carried past the missing frame onto the other one. Where the network finds that mask much better than a
mask that is simply left where it was, the cell moves or turns and the network sees how; where it does not, the outline that
was interpolated between two true ones is the better guess. So a network is trusted as far as it is good, on this cell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.fill.carries import common
from samtrack.fill.shape import Observation

LEAST_SHARE, MOST_SHARE = 0.4, 0.8
"""Bounds of the shape's share. Network and shape err in different ways, so that a blend is better than either, whatever
the lead. These and the two below were tried on masks taken from four recorded movies (docs/benchmarks.md, "Missing masks"):
their means lie within 0.001 of each other over wide ranges."""

MIDDLE_LEAD = 0.15
"""Lead in overlap (IoU) over a mask left in place at which the share is halfway between: across a gap a mask left in place
is doubly off, and a shape between two true ones is not."""

STEEPNESS = 8.0
"""How fast the share changes with the lead, in log odds: nearly all of it happens within 0.4 on either side."""


@dataclass(slots=True)
class Crossing:
    """Voxels of masks found on the other side and of the true ones there: in both, and in either."""

    both: int = 0
    either: int = 0

    def add(self, found: npt.NDArray[np.bool_], true: npt.NDArray[np.bool_]) -> None:
        """One more mask and what it should be."""
        self.both += int(np.count_nonzero(found & true))
        self.either += int(np.count_nonzero(found | true))


def shape_share(crossing: Crossing, around: tuple[Observation, Observation]) -> float:
    """How much the interpolated shape counts beside what the network sees, `LEAST_SHARE` to `MOST_SHARE`."""
    lead = crossing.both / max(crossing.either, 1) - overlap_in_place(*around)
    return LEAST_SHARE + (MOST_SHARE - LEAST_SHARE) / (1 + math.exp(STEEPNESS * (lead - MIDDLE_LEAD)))


def overlap_in_place(first: Observation, second: Observation) -> float:
    """IoU of two observations as they lie."""
    inside, part = common(first.box, second.box)
    both = int(np.count_nonzero(first.mask[inside] & second.mask[part]))
    return both / (int(np.count_nonzero(first.mask)) + int(np.count_nonzero(second.mask)) - both)
