"""What must hold between a table of tracks and label images in which the value is the track."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.types import Frames


def table_faults(tracks: npt.ArrayLike, labels: Frames) -> list[str]:
    """Every disagreement between tracks (n, 4: track, first, last, parent) and the label images, in words.

    A right table lists each track once, present in every frame from first to last and in no other, with a parent that ends
    before it starts and has two children at most.
    """
    table = np.asarray(tracks, dtype=np.int64).reshape(-1, 4)
    faults = _lineage_faults(table)
    for frame in range(labels.n_frames):
        found = set(np.unique(labels.read(frame)).tolist()) - {0}
        listed = set(table[(table[:, 1] <= frame) & (frame <= table[:, 2]), 0].tolist())
        faults += [f"frame {frame}: label {v} is in the image but not in the table" for v in sorted(found - listed)]
        faults += [f"frame {frame}: track {v} is in the table but not in the image" for v in sorted(listed - found)]
    return faults


def _lineage_faults(table: npt.NDArray[np.int64]) -> list[str]:
    rows = {int(row[0]): row for row in table}
    faults = [] if len(rows) == len(table) else ["a track is listed twice"]
    for track, first, last, parent in table.tolist():
        if first > last:
            faults.append(f"track {track} starts in frame {first} after it ends in frame {last}")
        if parent and parent not in rows:
            faults.append(f"track {track} has parent {parent}, which is not listed")
        elif parent and rows[parent][2] >= first:
            faults.append(f"track {track} starts in frame {first}, its parent {parent} ends only in {rows[parent][2]}")
    parents, children = np.unique(table[table[:, 3] > 0, 3], return_counts=True)
    faults += [f"track {p} has {n} children" for p, n in zip(parents, children, strict=True) if n > 2]
    return faults


def require_consistent(tracks: npt.ArrayLike, labels: Frames) -> None:
    """Raise an AssertionError that lists every disagreement between table and images."""
    faults = table_faults(tracks, labels)
    if faults:
        raise AssertionError("\n".join(faults))


def shuffled_labels(labels: npt.NDArray[Any], seed: int) -> npt.NDArray[Any]:
    """The same masks with their values permuted, to show that a result does not depend on the order of labels."""
    present = np.unique(labels)
    present = present[present > 0]
    values = np.zeros(int(labels.max(initial=0)) + 1, dtype=labels.dtype)
    values[present] = np.random.default_rng(seed).permutation(present)
    return np.asarray(values[labels])
