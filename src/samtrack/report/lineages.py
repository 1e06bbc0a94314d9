"""Families of tracks: who descends from whom, which colour that gives, and which of them the page holds.

Trees are laid out and drawn by the page's script.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from samtrack.types import Tracks

Ints = npt.NDArray[np.int64]

SHOWN_TRACKS = 200_000
"""Tracks that the page holds, of the largest lineages (about 1 MB for each 100 000); the others lie in the tables."""

LISTED_LINEAGES = 10
"""Lineages that the page lists before anybody asks."""

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
class Summary:
    """The lineages of a movie in numbers, the largest by their first tracks, and which tracks the page holds.

    ``largest`` are rows of (first track, tracks, divisions, frames from first to last); ``shown`` marks tracks by their
    number (index 0 unused): of the largest lineages, as many as there is room for.
    """

    n_tracks: int
    n_lineages: int
    n_dividing: int
    most_generations: int
    largest: list[tuple[int, int, int, int]]
    shown: npt.NDArray[np.bool_]

    @property
    def n_shown(self) -> int:
        """Number of tracks that the page holds."""
        return int(np.count_nonzero(self.shown))


def summarise_lineages(tracks: Tracks, room: int = SHOWN_TRACKS, listed: int = LISTED_LINEAGES) -> Summary:
    """Count lineages, list the largest (most tracks, then most frames, then lowest number), choose what is shown."""
    n, root = len(tracks), find_roots(tracks)
    size = np.bincount(root, minlength=n + 1)
    children = np.bincount(tracks.parent, minlength=n + 1)
    divisions = np.bincount(root, weights=children[1:] == 2, minlength=n + 1).astype(np.int64)
    last = np.zeros(n + 1, dtype=np.int64)
    np.maximum.at(last, root, tracks.last_frame)
    roots = tracks.track[tracks.parent == 0]
    length = last[roots] - tracks.first_frame[roots - 1] + 1
    order = np.lexsort((roots, -length, -size[roots]))
    roots, length = roots[order], length[order]
    fits = np.zeros(n + 1, dtype=np.bool_)
    fits[roots[np.cumsum(size[roots]) <= room]] = True
    return Summary(
        n_tracks=n,
        n_lineages=len(roots),
        n_dividing=int(np.count_nonzero(divisions[roots])),
        most_generations=int(count_generations(tracks).max(initial=0)),
        largest=[
            (int(r), int(size[r]), int(divisions[r]), int(frames))
            for r, frames in zip(roots[:listed], length[:listed], strict=True)
        ],
        shown=np.r_[False, fits[root]],
    )


def count_generations(tracks: Tracks) -> Ints:
    """Generation of each track: 1 without a parent, that of the parent and one more with one."""
    total, up = np.r_[0, np.ones(len(tracks), dtype=np.int64)], np.r_[0, tracks.parent]
    while up.any():  # each round looks twice as far back
        total, up = total + total[up], up[up]
    return total[1:]
