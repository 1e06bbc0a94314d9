"""Families of tracks: who descends from whom, which colour that gives, and where each track lies in a drawn tree."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.types import Tracks

Ints = npt.NDArray[np.int64]

SHOWN_LINEAGES = 30
"""Trees drawn: more do not fit a screen."""

SHOWN_ROWS = 240
"""Rows (tracks without a child) of all drawn trees together; one tree is always drawn, however large."""

HUES = 24
"""Distinct hues of roots; more cannot be told apart."""

SHADES = 3
"""Shades within a hue, so that sisters differ from each other and from their mother."""

GOLDEN = 0.618_033_988_75
"""Golden ratio: multiples of it modulo 1 lie far from each other, so neighbouring track numbers get unlike hues."""


def find_roots(tracks: Tracks) -> Ints:
    """The first ancestor of each track (a track without a parent is its own)."""
    root = np.r_[0, np.where(tracks.parent > 0, tracks.parent, tracks.track)]
    while not np.array_equal(root, root[root]):
        root = root[root]
    return root[1:]


def choose_shades(tracks: Tracks) -> Ints:
    """Shade of each track, 0 for roots: the mother's, plus one for the first child, plus two for the second."""
    order = np.argsort(tracks.parent, kind="stable")
    of_same = tracks.parent[order]
    rank = np.empty(len(tracks), dtype=np.int64)
    rank[order] = np.arange(len(tracks)) - np.searchsorted(of_same, of_same)
    total = np.r_[0, np.where(tracks.parent > 0, 1 + rank, 0)]
    up = np.r_[0, tracks.parent]
    while up.any():  # each round looks twice as far back
        total, up = total + total[up], up[up]
    return total[1:] % SHADES


def choose_colours(tracks: Tracks) -> Ints:
    """Colour of each track as a number from 0 to HUES * SHADES - 1, index 0 of the result unused.

    The hue comes from the first ancestor, so a family shares it; the shade tells relatives apart.
    """
    hue = np.floor((find_roots(tracks) * GOLDEN) % 1.0 * HUES).astype(np.int64)
    return np.r_[0, hue * SHADES + choose_shades(tracks)]


@dataclass(frozen=True, slots=True)
class Trees:
    """The drawn lineages: one row per drawn track, in the order of the trees.

    ``row`` is where a track lies across time (leaves have whole numbers, mothers the mean of their children);
    ``n_lineages`` and ``n_tracks`` count all of the movie, drawn or not.
    """

    track: Ints
    root: Ints
    row: npt.NDArray[np.float64]
    first_frame: Ints
    last_frame: Ints
    parent: Ints
    has_children: npt.NDArray[np.bool_]
    n_lineages: int
    n_tracks: int

    @property
    def n_rows(self) -> int:
        """Rows that the drawing needs."""
        return int(self.row.max(initial=0)) + 1 if len(self.track) else 0

    @property
    def n_shown(self) -> int:
        """Number of drawn lineages."""
        return len(np.unique(self.root))


def plant_trees(tracks: Tracks, lineages: int = SHOWN_LINEAGES, rows: int = SHOWN_ROWS) -> Trees:
    """Choose the largest lineages (most tracks, then most frames, then lowest number) and lay them out."""
    root = find_roots(tracks)
    roots = _largest(tracks, root, lineages, rows)
    children: dict[int, list[int]] = {}
    drawn = np.flatnonzero(np.isin(root, roots))
    for t in tracks.track[drawn].tolist():
        children.setdefault(int(tracks.parent[t - 1]), []).append(t)
    order, row = _lay_out(roots.tolist(), children)
    at = np.array(order, dtype=np.int64) - 1
    return Trees(
        track=tracks.track[at],
        root=root[at],
        row=np.array([row[t] for t in order], dtype=np.float64),
        first_frame=tracks.first_frame[at],
        last_frame=tracks.last_frame[at],
        parent=tracks.parent[at],
        has_children=np.array([t in children for t in order], dtype=np.bool_),
        n_lineages=int(np.count_nonzero(tracks.parent == 0)),
        n_tracks=len(tracks),
    )


def _largest(tracks: Tracks, root: Ints, lineages: int, rows: int) -> Ints:
    """Roots of the lineages to draw, largest first."""
    size = np.bincount(root, minlength=len(tracks) + 1)
    frames = np.bincount(root, weights=tracks.last_frame - tracks.first_frame + 1, minlength=len(tracks) + 1)
    is_leaf = np.bincount(tracks.parent, minlength=len(tracks) + 1)[1:] == 0
    leaves = np.bincount(root[is_leaf], minlength=len(tracks) + 1)
    roots = tracks.track[tracks.parent == 0]
    roots = roots[np.lexsort((roots, -frames[roots], -size[roots]))][:lineages]
    fits = np.cumsum(leaves[roots]) <= rows
    fits[:1] = True
    return roots[fits]


def _lay_out(roots: list[int], children: dict[int, list[int]]) -> tuple[list[int], dict[int, float]]:
    """Tracks in depth-first order and the row of each; a loop over the few drawn tracks, without recursion."""
    order: list[int] = []
    waiting = roots[::-1]
    while waiting:
        track = waiting.pop()
        order.append(track)
        waiting += children.get(track, [])[::-1]
    row: dict[int, float] = {}
    leaves = [track for track in order if track not in children]
    row.update({track: float(at) for at, track in enumerate(leaves)})
    for track in reversed(order):
        if track in children:
            row[track] = sum(row[child] for child in children[track]) / len(children[track])
    return order, row
