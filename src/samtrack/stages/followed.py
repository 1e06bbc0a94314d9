"""What of a decision is in the results: everything, or with ``lineages: from_first_frame`` what descends from given cells.

Tracks in the results are numbered 1..n among themselves; the decision's own tables keep their numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from samtrack.io.names import ASSIGNED_TABLE, MERGES_TABLE, TRACKS_TABLE
from samtrack.io.tables import read_detections, read_merges, read_tracks
from samtrack.stages.address import Address
from samtrack.types import Detections, MaskPatch, Merges, Tracks

Ints = npt.NDArray[np.int64]


def read_decided(address: Address, names: Sequence[str]) -> tuple[Detections, Tracks]:
    """The detections of some blocks and the tracks of the decision, which say whether they are followed."""
    decided = address.layout.decided
    detections = read_detections([address.layout.detections(name) for name in names])
    return detections, read_tracks(decided / TRACKS_TABLE, decided / ASSIGNED_TABLE, detections, address.followed)


def patches_in_result(patches: Sequence[MaskPatch], tracks: Tracks) -> list[MaskPatch]:
    """The filled masks of tracks that are followed, with their numbers in the results; ``tracks`` are the decided ones."""
    number = tracks.followed_as
    return [replace(patch, track=int(number[patch.track])) for patch in patches if number[patch.track]]


def read_shown(address: Address) -> tuple[Detections, Tracks]:
    """What the page is about: the followed tracks and their detections, and all detections that were rejected."""
    detections, tracks = read_decided(address, address.names)
    if not address.follows_some:
        return detections, tracks
    merges, columns = read_merges([address.layout.decided / MERGES_TABLE], detections)
    rows = _rows_shown(tracks, merges.take(columns["chosen"].astype(np.bool_)))
    shown = tracks.followed()
    return detections.take(rows), replace(shown, track_of=shown.track_of[rows])


def _rows_shown(tracks: Tracks, merges: Merges) -> npt.NDArray[np.bool_]:
    """Rejected detections, those of followed tracks, and masks that two followed cells share."""
    rows = (tracks.track_of == 0) | tracks.follows(tracks.track_of)
    a, b = (tracks.follows(tracks.track_of[cell]) for cell in (merges.before_a, merges.before_b))
    rows[merges.shared[~(a & b)]] = False
    return np.asarray(rows)


def parts_of_pairs(
    parts: Sequence[tuple[int, int]], detections: Detections, tracks: Tracks, merges: Merges
) -> list[tuple[int, int]]:
    """Those parts of shared masks, as (frame, track), of which the other part is in the results, too."""
    frame = detections.frame[merges.shared].tolist()
    pairs = {
        pair
        for cell in (merges.before_a, merges.before_b)
        for pair in zip(frame, tracks.track_of[cell].tolist(), strict=True)
    }
    return [part for part in parts if part in pairs]
