"""What a network's evidence says of links, divisions and merges, as facts for the linker's models.

A mask that was carried into another frame lies under some of its cells; a *share* is the part of the predicted mask that
lies on one cell. NaN says that the network was not asked, which is not the same as 0: it was asked and saw nothing there.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.link.candidates import best_other
from samtrack.types import Detections, Evidence

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SAM_FACTS = (
    "sam_forward",  # share of the source's predicted mask that lies on the target
    "sam_forward_iou",  # of that mask and the target's
    "sam_forward_lead",  # that share less the largest one on any other cell
    "sam_backward",  # share of the target's mask, carried back, that lies on the source
    "sam_backward_iou",
    "sam_backward_lead",
    "sam_agreement",  # the smaller of the two shares
    "sam_object",  # logit that the source is there at all in the target's frame
    "sam_object_back",  # logit that the target is there at all in the source's frame
)

DIVISION_SAM_FACTS = (
    "sam_mother_covers",  # share of both daughters under the mother's predicted mask
    "sam_mother_least",  # share of the less covered daughter
    "sam_daughters_back",  # share of a daughter's mask, carried back, that lies on the mother; of the lesser daughter
)

# Of the two sides (before and after the mask) the one on which it speaks less for a merge, as in `merge.MERGE_FACTS`.
MERGE_SAM_FACTS = (
    "sam_cells_inside",  # share of a cell's predicted mask that lies on the shared mask, of the cell for which it is least
    "sam_mask_covers",  # share of both cells under the shared mask's prediction
    "sam_mask_least",  # share of the less covered cell
)


@dataclass(frozen=True, slots=True)
class _Pairs:
    """What was said of pairs of cells; NaN where the network was not asked."""

    share: Floats
    iou: Floats
    lead: Floats
    covered: Floats
    object_logit: Floats


class Said:
    """A table of evidence, looked up by pairs of rows of its detections."""

    def __init__(self, evidence: Evidence, detections: Detections) -> None:
        frame = detections.frame
        self._table, self._frame, self._size_um = evidence, frame, detections.size_um
        self._span = len(frame) + 1
        self._frames = int(max(frame.max(initial=0), evidence.target_frame.max(initial=0))) + 1
        asked = evidence.source * self._frames + evidence.target_frame
        self._asked, self._first, self._group = np.unique(asked, return_index=True, return_inverse=True)
        pair = evidence.source * self._span + evidence.target + 1
        self._order = np.argsort(pair, kind="stable")
        self._pair = pair[self._order]
        self._share = _over(evidence.overlap, evidence.predicted)
        self._other = best_other(self._group, self._share, len(self._asked), 0.0)
        self._best = np.zeros(len(self._asked))
        np.maximum.at(self._best, self._group, self._share)

    def of(self, source: Ints, target: Ints) -> _Pairs:
        """What was said of each source carried into the frame of its target."""
        asked = _find(self._asked, source * self._frames + self._frame[target])
        hit = _find(self._pair, source * self._span + target + 1)
        row = self._order[hit] if len(self._order) else hit
        is_asked, is_hit = asked >= 0, (hit >= 0) & (asked >= 0)
        table = self._table

        def where_hit(values: Floats, missed: Floats) -> Floats:
            found = np.where(is_asked, missed, np.nan)
            found[is_hit] = values[row[is_hit]]
            return found

        nothing = np.zeros(len(source))
        best, object_logit = np.full(len(source), np.nan), np.full(len(source), np.nan)
        best[is_asked] = self._best[asked[is_asked]]
        object_logit[is_asked] = table.object_logit[self._first[asked[is_asked]]]
        union = table.predicted + table.target_size - table.overlap
        return _Pairs(
            share=where_hit(self._share, nothing),
            iou=where_hit(_over(table.overlap, union), nothing),
            lead=where_hit(self._share - self._other, -best),
            covered=where_hit(np.minimum(_over(table.overlap, table.target_size), 1.0), nothing),
            object_logit=object_logit,
        )

    def covers(self, source: Ints, a: Ints, b: Ints) -> Floats:
        """Share of two cells together under one predicted mask."""
        size_a, size_b = self._size_um[a], self._size_um[b]
        return (self.of(source, a).covered * size_a + self.of(source, b).covered * size_b) / (size_a + size_b)


def link_sam_facts(said: Said | None, source: Ints, target: Ints) -> npt.NDArray[np.float32]:
    """The columns `SAM_FACTS` of links between rows of the detections."""
    if said is None:
        return _unknown(len(source), SAM_FACTS)
    there, back = said.of(source, target), said.of(target, source)
    columns = {
        "sam_forward": there.share,
        "sam_forward_iou": there.iou,
        "sam_forward_lead": there.lead,
        "sam_backward": back.share,
        "sam_backward_iou": back.iou,
        "sam_backward_lead": back.lead,
        "sam_agreement": np.minimum(there.share, back.share),
        "sam_object": there.object_logit,
        "sam_object_back": back.object_logit,
    }
    return np.stack([columns[name] for name in SAM_FACTS], axis=1).astype(np.float32)


def division_sam_facts(said: Said | None, mother: Ints, a: Ints, b: Ints) -> npt.NDArray[np.float32]:
    """The columns `DIVISION_SAM_FACTS` of a mother and two daughters."""
    if said is None:
        return _unknown(len(mother), DIVISION_SAM_FACTS)
    columns = {
        "sam_mother_covers": said.covers(mother, a, b),
        "sam_mother_least": np.minimum(said.of(mother, a).covered, said.of(mother, b).covered),
        "sam_daughters_back": np.minimum(said.of(a, mother).share, said.of(b, mother).share),
    }
    return np.stack([columns[name] for name in DIVISION_SAM_FACTS], axis=1).astype(np.float32)


def merge_sam_facts(
    said: Said | None, before: tuple[Ints, Ints], shared: Ints, after: tuple[Ints, Ints]
) -> npt.NDArray[np.float32]:
    """The columns `MERGE_SAM_FACTS` of two cells before a mask, the mask, and the two after it."""
    if said is None:
        return _unknown(len(shared), MERGE_SAM_FACTS)
    cells = (*before, *after)
    columns = {
        "sam_cells_inside": np.min([said.of(cell, shared).share for cell in cells], axis=0),
        "sam_mask_covers": np.minimum(said.covers(shared, *before), said.covers(shared, *after)),
        "sam_mask_least": np.min([said.of(shared, cell).covered for cell in cells], axis=0),
    }
    return np.stack([columns[name] for name in MERGE_SAM_FACTS], axis=1).astype(np.float32)


def _unknown(n: int, names: tuple[str, ...]) -> npt.NDArray[np.float32]:
    return np.full((n, len(names)), np.nan, dtype=np.float32)


def _over(part: Floats, whole: Floats) -> Floats:
    """A share; 0 of nothing."""
    return np.where(whole > 0, part / np.where(whole > 0, whole, 1.0), 0.0)


def _find(keys: Ints, wanted: Ints) -> Ints:
    """Where each wanted key lies among sorted ones; -1 if it is not there."""
    if len(keys) == 0:
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[at] == wanted, at, -1)
