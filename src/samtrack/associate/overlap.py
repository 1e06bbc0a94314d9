"""The plain baseline: one cell is whose masks overlap most, from each frame to the next. No network, no probability.

Which overlap: the facts ``iou`` and ``overlap`` of the table of links, for which each mask of the earlier frame was
first moved by the common step of its neighbourhood. Linkers that overlap masks where they lie lose cells that move by
more than a radius; this one does so only if a cell moves otherwise than its neighbours. So it is a stronger baseline
than most that go by this name, and where cells hardly move the two are the same. Pairs that were not even proposed (by
default those of a probability below 0.01) are not linked, and gaps are not bridged.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.associate.graph import Positions
from samtrack.associate.pairing import Pairs, take_by_gain
from samtrack.config.associate import OverlapSettings
from samtrack.errors import DataError
from samtrack.types import Detections, Edges, Links

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Masks:
    """Pairs of masks of consecutive frames: rows, intersection over union, share of the target under the source."""

    source: Ints
    target: Ints
    iou: Floats
    inside: Floats

    def take(self, which: npt.NDArray[np.bool_]) -> _Masks:
        """Some of the pairs."""
        return _Masks(self.source[which], self.target[which], self.iou[which], self.inside[which])


def link_by_overlap(detections: Detections, links: Links, settings: OverlapSettings, positions: Positions) -> Edges:
    """One-to-one links by falling IoU; then a division for each cell left over that lies inside a cell that has a future.

    For the division both daughters must lie mostly inside the mother; of several left over, she gets the one that overlaps
    most.
    """
    masks = _masks_of(detections, links)
    pairs = masks.take(masks.iou >= settings.min_iou)
    taken = pairs.take(_one_to_one(pairs, positions))
    future_inside = np.zeros(len(detections))
    future_inside[taken.source] = taken.inside
    has_past = np.zeros(len(detections), dtype=bool)
    has_past[taken.target] = True
    splits = masks.take(
        (masks.inside >= settings.min_inside)
        & (future_inside[masks.source] >= settings.min_inside)
        & ~has_past[masks.target]
    )
    second = splits.take(_one_to_one(splits, positions))
    return Edges(np.r_[taken.source, second.source], np.r_[taken.target, second.target])


def _one_to_one(masks: _Masks, positions: Positions) -> npt.NDArray[np.bool_]:
    """Which pairs are taken by falling IoU, no mask twice on either side."""
    return take_by_gain(Pairs(positions.rank[masks.source], positions.rank[masks.target], masks.iou))


def _masks_of(detections: Detections, links: Links) -> _Masks:
    next_frame = detections.frame[links.target] - detections.frame[links.source] == 1
    source, target = links.source[next_frame], links.target[next_frame]
    size_ratio = detections.size_um[source] / detections.size_um[target]
    # ``overlap`` is told of the smaller of the two masks
    inside = _fact(links, "overlap")[next_frame] * np.minimum(size_ratio, 1.0)
    return _Masks(source, target, _fact(links, "iou")[next_frame], inside)


def _fact(links: Links, name: str) -> Floats:
    if name not in links.feature_names:
        raise DataError(
            f"links: hold the facts {', '.join(links.feature_names) or 'none'}, but the linker overlap needs {name!r}. "
            "Run link again, or choose associate.linker: joint."
        )
    return links.features[:, links.feature_names.index(name)].astype(np.float64)
