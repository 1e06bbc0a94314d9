"""From tracks to the identities that the CTC's format can hold.

The format knows no gaps: a label must be present in every frame from its first to its last. So a track is cut at each
frame in which it has no pixel; the later piece names the earlier one as its parent (one child: not a division).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.errors import SubmissionError

Ints = npt.NDArray[np.int64]

MAX_LABEL = 65_535
"""Largest label of a CTC result: its masks have 16 bits."""


@dataclass(frozen=True, slots=True)
class Identities:
    """Rows of a CTC table (label, first frame, last frame, parent), and the label of each presence it was made from."""

    table: Ints
    label_of: Ints


def cut_at_holes(track: Ints, frame: Ints, parent_of: Ints) -> Identities:
    """CTC identities of tracks that are present where (track, frame) says; pairs in any order, each once.

    ``parent_of[t]`` is the parent of track t (index 0 unused). Labels are 1..n in order of (first frame, track). A parent
    without any presence is forgotten, as there is nothing the child could point at.
    """
    if len(track) == 0:
        return Identities(np.zeros((0, 4), dtype=np.int64), np.zeros(0, dtype=np.int64))
    order = np.lexsort((frame, track))
    t, f = track[order], frame[order]
    starts = np.r_[True, (np.diff(t) != 0) | (np.diff(f) != 1)]
    piece = np.cumsum(starts) - 1
    first = np.flatnonzero(starts)
    last = np.r_[first[1:], len(t)] - 1
    piece_track, begin, end = t[first], f[first], f[last]

    label = np.empty(len(first), dtype=np.int64)
    label[np.lexsort((piece_track, begin))] = np.arange(1, len(first) + 1)
    last_piece_of = np.full(len(parent_of), -1, dtype=np.int64)
    last_piece_of[piece_track] = np.arange(len(first))  # pieces are sorted by frame: the last one written stays

    continues = np.r_[False, np.diff(piece_track) == 0]
    mother_piece = np.where(continues, np.arange(len(first)) - 1, last_piece_of[parent_of[piece_track]])
    mother_piece[~continues & (parent_of[piece_track] == 0)] = -1
    parent = np.where(mother_piece >= 0, label[mother_piece], 0)

    rows = np.argsort(label)
    label_of = np.empty(len(t), dtype=np.int64)
    label_of[order] = label[piece]
    return Identities(np.stack([label, begin, end, parent], axis=1)[rows], label_of)


def require_16_bit(n_labels: int, result: str) -> None:
    """Raise if a result has more identities than 16-bit masks can hold."""
    if n_labels > MAX_LABEL:
        raise SubmissionError(
            f"{result}: {n_labels} tracks, but a CTC mask has 16 bits and holds at most {MAX_LABEL}. The OME-Zarr "
            "labels, the CSV and the Parquet table of this run are complete; for those alone set export.ctc: false."
        )
