"""Small tables for the decision: detections as points, proposals as tuples of rows and a probability."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from samtrack.associate.graph import NO_SIDE, Columns
from samtrack.types import Detections, Divisions, Links, Merges


def make_detections(
    frame: Sequence[int],
    centroid: Any = None,
    *,
    label: Sequence[int] | None = None,
    border: Any = 1000.0,
    size: float = 50.0,
) -> Detections:
    """Detections at the given points (by default in a row), far from the border unless told otherwise."""
    n = len(frame)
    points = np.stack([np.arange(n), np.zeros(n)], axis=1) if centroid is None else np.asarray(centroid, float)
    points = points.reshape(n, -1) if n else np.zeros((0, 2))
    where = np.searchsorted(frame, frame)
    ones = np.ones(n)
    return Detections(
        frame=np.asarray(frame, int),
        label=np.arange(n) - where + 1 if label is None else np.asarray(label),
        centroid_um=points,
        size_um=np.full(n, size),
        box_start=np.floor(points),
        box_stop=np.floor(points) + 1,
        intensity=ones,
        intensity_sd=ones,
        elongation=ones,
        spread=ones,
        neighbour_um=ones,
        border_um=np.broadcast_to(np.asarray(border, float), n),
        origin=np.zeros(n),
    )


def make_links(rows: Sequence[tuple[int, int, float]]) -> Links:
    """Links from (source, target, probability)."""
    source, target, score = (np.array([r[i] for r in rows]) for i in range(3))
    return Links(source, target, score, np.zeros(len(rows)), np.zeros((len(rows), 0)))


def make_divisions(rows: Sequence[tuple[int, int, int, float]] = ()) -> Divisions:
    """Divisions from (mother, daughter, daughter, probability)."""
    mother, a, b, score = (np.array([r[i] for r in rows]) for i in range(4))
    return Divisions(mother, a, b, score, np.zeros((len(rows), 0)))


def make_merges(rows: Sequence[tuple[int, int, int, int, int, float]] = ()) -> Merges:
    """Merges from (before, before, mask, after, after, probability)."""
    *cells, score = (np.array([r[i] for r in rows]) for i in range(6))
    return Merges(*cells, score, np.zeros((len(rows), 0)))


def make_columns(gain: Sequence[float], sides: Sequence[Sequence[int]], n_sides: int) -> Columns:
    """Columns from gains and the two to six sides each covers."""
    width = max([3, *map(len, sides)])
    full = [[*s, *[NO_SIDE] * (width - len(s))] for s in sides]
    n = len(gain)
    return Columns(
        np.array(gain, float), np.array(full, int).reshape(n, width), np.zeros(n, np.int8), np.arange(n), n_sides
    )


def best_packing(columns: Columns) -> float:
    """The largest gain of any packing, by trying all of them."""
    sides = [frozenset(s.tolist()) - {NO_SIDE} for s in columns.sides]

    def best(at: int, used: frozenset[int]) -> float:
        if at == len(sides):
            return 0.0
        without = best(at + 1, used)
        if used & sides[at]:
            return without
        return max(without, float(columns.gain[at]) + best(at + 1, used | sides[at]))

    return best(0, frozenset())


def random_columns(seed: int, n: int, n_cells: int, whole_gains: bool) -> Columns:
    """Columns over the out- and in-sides of a few cells; whole gains make many ties."""
    rng = np.random.default_rng(seed)
    sides = []
    for _ in range(n):
        # a link, a division, or (three and three sides) a merge
        n_out, n_in = [(1, 1), (1, 1), (1, 2), (3, 3)][rng.integers(4 if n_cells > 3 else 3)]
        out, into = (rng.choice(n_cells, k, replace=False) for k in (n_out, n_in))
        sides.append([*out.tolist(), *(n_cells + into).tolist()])
    gain = rng.integers(1, 5, n) if whole_gains else rng.exponential(2.0, n) + 1e-3
    return make_columns(gain.tolist(), sides, 2 * n_cells)


@pytest.fixture(scope="session")
def make() -> SimpleNamespace:
    """Builders of small tables and columns, and the brute-force optimum."""
    return SimpleNamespace(
        detections=make_detections,
        links=make_links,
        divisions=make_divisions,
        merges=make_merges,
        columns=make_columns,
        random_columns=random_columns,
        best_packing=best_packing,
    )
