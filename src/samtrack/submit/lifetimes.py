"""Whether the masks show each track where the table says: in every frame from its first to its last, and no other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from samtrack.submit.rules import TABLE, FrameFacts, Ints, Rule
from samtrack.types import Violation


def check_lifetimes(frames: Sequence[FrameFacts], table: Ints) -> list[Violation]:
    """Labels that are not listed, that are absent in a frame of their track, or present in another.

    Frames without a (readable) mask are named elsewhere, so no track is accused of a hole there.
    """
    readable = [facts for facts in frames if not facts.error]
    frame = np.repeat([facts.frame for facts in readable], [len(facts.labels) for facts in readable]).astype(np.int64)
    label = np.concatenate([*(facts.labels for facts in readable), np.zeros(0, dtype=np.int64)])
    _, rows = np.unique(table[:, 0], return_index=True)
    tracks = table[rows]
    if len(tracks) == 0:
        return _grouped(label, frame, Rule.UNLISTED, "is not listed in the table, but present in")
    at = np.minimum(np.searchsorted(tracks[:, 0], label), len(tracks) - 1)
    is_listed = tracks[at, 0] == label
    outside = is_listed & ((frame < tracks[at, 1]) | (frame > tracks[at, 2]))
    inside = is_listed & ~outside
    return [
        *_grouped(label[~is_listed], frame[~is_listed], Rule.UNLISTED, "is not listed in the table, but present in"),
        *_grouped(label[outside], frame[outside], Rule.OUTSIDE, "is present outside of its first to last frame, in"),
        *_holes(tracks, at[inside], frame[inside], np.unique([facts.frame for facts in readable])),
    ]


def _holes(tracks: Ints, at: Ints, frame: Ints, readable: Ints) -> list[Violation]:
    """Tracks that lack a label in a frame that has a mask; ``at`` and ``frame`` say which track is present where."""
    first, stop = np.searchsorted(readable, tracks[:, 1]), np.searchsorted(readable, tracks[:, 2], side="right")
    expected = np.maximum(stop - first, 0)
    lacking = np.flatnonzero(np.bincount(at, minlength=len(tracks)) < expected)
    order = np.argsort(at, kind="stable")
    start = np.searchsorted(at[order], lacking)
    end = np.searchsorted(at[order], lacking, side="right")
    labels, frames = [], []
    for track, a, b in zip(lacking.tolist(), start.tolist(), end.tolist(), strict=True):
        absent = np.setdiff1d(readable[first[track] : stop[track]], frame[order[a:b]])
        labels.append(np.full(len(absent), tracks[track, 0]))
        frames.append(absent)
    none = np.zeros(0, dtype=np.int64)
    said = "is listed but absent in"
    return _grouped(np.concatenate([*labels, none]), np.concatenate([*frames, none]), Rule.HOLE, said)


def _grouped(label: Ints, frame: Ints, rule: Rule, said: str) -> list[Violation]:
    """One violation per label that names all its frames."""
    if len(label) == 0:
        return []
    order = np.lexsort((frame, label))
    label, frame = label[order], frame[order]
    values, start = np.unique(label, return_index=True)
    found = []
    for value, frames in zip(values.tolist(), np.split(frame, start[1:]), strict=True):
        file = TABLE if rule is Rule.HOLE else "masks"
        found.append(Violation(str(rule), file, f"{said} {told_frames(frames)}", int(frames[0]), value))
    return found


def told_frames(frames: Ints, shown: int = 5) -> str:
    """Rising frames in words, as ranges: ``frames 3-5, 9``; of many ranges the first few."""
    breaks = np.flatnonzero(np.diff(frames) > 1)
    starts, ends = frames[np.r_[0, breaks + 1]], frames[np.r_[breaks, len(frames) - 1]]
    ranges = [str(a) if a == b else f"{a}-{b}" for a, b in zip(starts[:shown], ends[:shown], strict=True)]
    more = f" and {len(starts) - shown} more ranges" if len(starts) > shown else ""
    return f"frame{'s' if len(frames) > 1 else ''} {', '.join(ranges)}{more}"
