"""Which regions of a frame are cells: the best set of disjoint components over all thresholds.

A cell is a connected component of *some* threshold; touching cells are one component at a low threshold and several at a
higher one. All components over a ladder of thresholds form a forest. Each is worth its size times its likeness to an
ellipse (to some power); the best disjoint set is found exactly, from the leaves to the roots. Components larger
than a few cells are worth nothing, so what is chosen somewhere depends on its surroundings only up to that size:
tiles agree to the last bit. All sums are of integers, for the same reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from samtrack.segment.grid import Image

Ints = npt.NDArray[np.int64]

LEVEL_RATIO = 1.3
"""From one threshold to the next; 1.2 gave the same scores at half as much time again."""

WORTH_UNIT = 2**16
"""Worths are integers in this fraction of a voxel, so that their sums do not depend on the order."""


@dataclass(frozen=True, slots=True)
class RegionRules:
    """What may be a cell: voxels (least, most), extent along each axis, and how much an ellipse-like shape counts.

    ``roundness_power`` 0 always keeps the whole, 7 splits a dumbbell of two touching discs, 14 splits at every dent.
    """

    min_voxels: float
    max_voxels: float
    max_extent_px: tuple[int, ...]
    roundness_power: float


@dataclass(frozen=True, slots=True)
class _Level:
    """Components of one threshold: component of each voxel (brightest first), parent of each component, its worth."""

    component: npt.NDArray[np.int32]
    parent: Ints
    worth: Ints


def select_regions(relief: Image, lowest: float, rules: RegionRules) -> npt.NDArray[np.int32]:
    """Labels of the best disjoint components of ``relief`` over thresholds from ``lowest`` upwards."""
    labels = np.zeros(relief.shape, dtype=np.int32)
    voxels = np.flatnonzero(relief > lowest)
    if not voxels.size:
        return labels
    voxels = voxels[np.argsort(-relief.ravel()[voxels], kind="stable")]
    levels = _grow_forest(relief, voxels, lowest, rules)
    flat, count = labels.ravel(), 0
    for level, chosen in zip(levels, _choose(levels), strict=True):
        number = np.where(chosen, count + np.cumsum(chosen), 0).astype(np.int32)
        value = number[level.component]
        inside = value > 0
        flat[voxels[: len(value)][inside]] = value[inside]
        count += int(chosen.sum())
    return labels


def _grow_forest(relief: Image, voxels: Ints, lowest: float, rules: RegionRules) -> list[_Level]:
    """The components of each threshold, lowest first."""
    heights = relief.ravel()[voxels]
    places = np.stack(np.unravel_index(voxels, relief.shape))
    levels: list[_Level] = []
    below: npt.NDArray[np.int32] | None = None
    for step in range(10_000):  # a ladder of 10 000 steps spans more than any float
        threshold = np.float32(lowest * LEVEL_RATIO**step)
        n_voxels = int(np.searchsorted(-heights, -threshold, side="left"))
        if not n_voxels:
            break
        image, n = ndimage.label(relief > threshold)
        component = image.ravel()[voxels[:n_voxels]] - 1
        parent = np.full(n, -1, dtype=np.int64)
        if below is not None:
            parent[component] = below[:n_voxels]
        levels.append(_Level(component, parent, _worth(component, places[:, :n_voxels], n, rules)))
        below = component
    return levels


def _worth(component: npt.NDArray[np.int32], places: Ints, n: int, rules: RegionRules) -> Ints:
    """Worth of each of ``n`` components: voxels times likeness to an ellipse, 0 for what cannot be a cell."""
    size = np.bincount(component, minlength=n)
    possible = (size >= rules.min_voxels) & (size <= rules.max_voxels)
    low, high = np.zeros((len(places), n), dtype=np.int64), np.zeros((len(places), n), dtype=np.int64)
    for axis, (place, extent) in enumerate(zip(places, rules.max_extent_px, strict=True)):
        low[axis] = np.iinfo(np.int64).max
        np.minimum.at(low[axis], component, place)
        np.maximum.at(high[axis], component, place)
        possible &= high[axis] - low[axis] < extent
    worth = np.zeros(n, dtype=np.int64)
    if possible.any():
        mine = possible[component]
        renumber = np.cumsum(possible) - 1
        local = places[:, mine] - low[:, component[mine]]
        likeness = ellipse_likeness(renumber[component[mine]], local) ** rules.roundness_power
        worth[possible] = np.rint(size[possible] * likeness * WORTH_UNIT).astype(np.int64)
    return worth


def ellipse_likeness(component: npt.NDArray[Any], places: Ints) -> npt.NDArray[np.float64]:
    """Size of each component over that of the ellipse (ellipsoid) with the same second moments; 1 for an ellipse.

    ``component`` numbers the voxels from 0 without gaps; ``places`` (ndim, n) are their coordinates, from any origin
    near them.
    """
    size = np.bincount(component)
    moments = _second_moments(component, places, size)
    if len(places) == 2:
        ellipse = 4 * np.pi * np.sqrt(moments[0, 0] * moments[1, 1] - moments[0, 1] ** 2)
    else:
        (a, b, c), (_, d, e), (_, _, f) = moments
        determinant = a * (d * f - e * e) - b * (b * f - c * e) + c * (b * e - c * d)
        ellipse = 4 / 3 * np.pi * 5**1.5 * np.sqrt(determinant)
    return np.minimum(size / ellipse, 1.0)


def _second_moments(component: npt.NDArray[Any], places: Ints, size: Ints) -> npt.NDArray[np.float64]:
    """Covariance of the voxels of each component (ndim, ndim, n), in voxels; exact integers up to the last division."""
    ndim, n = len(places), len(size)
    moments = np.empty((ndim, ndim, n))
    sums = [np.bincount(component, place, n).astype(np.int64) for place in places]
    for a in range(ndim):
        for b in range(a, ndim):
            product = np.bincount(component, places[a] * places[b], n).astype(np.int64)
            moments[a, b] = moments[b, a] = (size * product - sums[a] * sums[b]) / (size * size)
        moments[a, a] += 1 / 12  # a voxel is a cube, not a point; also keeps the determinant above zero
    return moments


def _choose(levels: list[_Level]) -> list[npt.NDArray[np.bool_]]:
    """For each level, which components belong to the best disjoint set."""
    best: list[Ints] = [level.worth for level in levels]
    whole: list[npt.NDArray[np.bool_]] = [level.worth > 0 for level in levels]
    for k in range(len(levels) - 2, -1, -1):
        parts = np.zeros(len(best[k]), dtype=np.int64)
        np.add.at(parts, levels[k + 1].parent, best[k + 1])
        whole[k] = (levels[k].worth > 0) & (levels[k].worth >= parts)
        best[k] = np.maximum(levels[k].worth, parts)
    free = np.ones(len(levels[0].worth), dtype=np.bool_)
    chosen = []
    for k, level in enumerate(levels):
        free = free if k == 0 else free[level.parent]
        chosen.append(free & whole[k])
        free = free & ~whole[k]
    return chosen
