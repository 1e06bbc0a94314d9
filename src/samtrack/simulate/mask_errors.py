"""What a segmentation gets wrong: shaky outlines, missed, merged and split cells, masks where no cell is.

A pure function of recipe, truth and frame. Ids are shuffled in every frame, so that nobody can link by id.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.randomness import Stream, generator
from samtrack.simulate.shapes import Floats, Ints
from samtrack.simulate.texture import smooth_noise

Labels = npt.NDArray[np.uint32]

TOUCHING_GAP_PX = 2
"""Widest gap in voxels over which neighbours may be merged: what blur closes."""

SHAKE_LENGTH = 0.2
"""Distance over which an outline's error changes, in cell diameters."""

SPURIOUS_SIZE = (0.25, 0.7)
"""Diameter of a spurious mask, in cell diameters."""


def spoil_masks(
    settings: SimulateSettings, truth: Labels, dimness: Floats, frame: int
) -> npt.NDArray[np.uint16] | Labels:
    """Erroneous masks of one frame, numbered 1..n in random order.

    ``dimness`` (by track) raises a cell's chance to be missed.
    """
    rng = generator(settings.seed, Stream.MASKS, frame)
    masks = shake_outlines(settings, truth, rng)
    masks = merge_neighbours(masks, settings.masks.merged, rng)
    masks = split_cells(masks, settings.masks.split, settings.scale.voxel_um, rng)
    masks = miss_cells(masks, settings.masks.missed * dimness, rng)
    masks = add_spurious(settings, masks, len(np.unique(truth[truth > 0])), rng)
    return shuffle_labels(masks, rng)


def labels_in(masks: Labels) -> Ints:
    """The labels of a picture in increasing order, without 0."""
    return np.flatnonzero(np.bincount(masks.ravel())[1:]).astype(np.int64) + 1


def shake_outlines(settings: SimulateSettings, masks: Labels, rng: np.random.Generator) -> Labels:
    """Outlines displaced by a smooth random field, the same for both sides of a shared face."""
    voxel_um = settings.scale.voxel_um
    if settings.masks.boundary_um == 0:
        return masks
    sigma = np.maximum(SHAKE_LENGTH * settings.cells.diameter_um / voxel_um, 0.8)
    place = []
    for axis, n in enumerate(masks.shape):
        shift = smooth_noise(masks.shape, list(sigma), rng) * np.float32(settings.masks.boundary_um / voxel_um[axis])
        index = np.arange(n, dtype=np.float32).reshape([-1 if i == axis else 1 for i in range(masks.ndim)])
        place.append(np.clip(np.rint(index + shift), 0, n - 1).astype(np.intp))
    return masks[tuple(place)]


def touching_labels(masks: Labels) -> tuple[Ints, list[tuple[npt.NDArray[np.intp], ...]]]:
    """Pairs of labels (m, 2) with at most `TOUCHING_GAP_PX` voxels between them along an axis, and the voxels between."""
    pairs, bridges = [], []
    for axis in range(masks.ndim):
        for step in range(1, TOUCHING_GAP_PX + 2):
            low = np.take(masks, range(masks.shape[axis] - step), axis=axis) if masks.shape[axis] > step else None
            if low is None:
                continue
            high = np.take(masks, range(step, masks.shape[axis]), axis=axis)
            at = np.nonzero((low != high) & (low > 0) & (high > 0))
            found = np.stack([low[at], high[at]], axis=1).astype(np.int64)
            pairs.append(np.sort(found, axis=1))
            for between in range(1, step):
                bridges.append((*at[:axis], at[axis] + between, *at[axis + 1 :], found[:, 0], found[:, 1]))
    every = np.concatenate(pairs) if pairs else np.zeros((0, 2), dtype=np.int64)
    return np.unique(every, axis=0), bridges


def merge_neighbours(masks: Labels, rate: float, rng: np.random.Generator) -> Labels:
    """Some touching pairs under one label each, with the gap between them closed."""
    pairs, bridges = touching_labels(masks)
    chosen = pairs[rng.random(len(pairs)) < rate]
    if not len(chosen):
        return masks
    n = int(masks.max()) + 1
    graph = coo_array((np.ones(len(chosen), dtype=np.int8), (chosen[:, 0], chosen[:, 1])), shape=(n, n))
    group = connected_components(graph, directed=False)[1]
    smallest = np.full(n, n, dtype=np.int64)
    np.minimum.at(smallest, group, np.arange(n))
    merged = smallest[group][masks].astype(np.uint32)
    for *voxel, a, b in bridges:
        joined = (group[a] == group[b]) & (masks[tuple(voxel)] == 0)
        merged[tuple(v[joined] for v in voxel)] = smallest[group[a[joined]]]
    return merged


def split_cells(masks: Labels, rate: float, voxel_um: Floats, rng: np.random.Generator) -> Labels:
    """Some cells cut in two, across their longest axis, near the middle."""
    labels = labels_in(masks)
    chosen = labels[rng.random(len(labels)) < rate]
    if not len(chosen):
        return masks
    at = np.nonzero(np.isin(masks, chosen))
    row = np.searchsorted(chosen, masks[at])
    points = np.stack(at, axis=1) * voxel_um
    count = np.bincount(row, minlength=len(chosen))[:, None]
    centre = np.stack([np.bincount(row, points[:, i], len(chosen)) for i in range(masks.ndim)], axis=1) / count
    away = points - centre[row]
    outer = away[:, :, None] * away[:, None, :]
    spread = np.stack([np.bincount(row, o, len(chosen)) for o in outer.reshape(len(row), -1).T], axis=1) / count
    width, axes = np.linalg.eigh(spread.reshape(-1, masks.ndim, masks.ndim))
    offset = rng.normal(0, 0.4, len(chosen)) * np.sqrt(width[:, -1])
    beyond = (away * axes[row, :, -1]).sum(axis=1) > offset[row]
    split = masks.copy()
    split[tuple(v[beyond] for v in at)] = int(masks.max()) + 1 + row[beyond]
    return split


def miss_cells(masks: Labels, chance: Floats, rng: np.random.Generator) -> Labels:
    """Without the masks that were missed; ``chance`` is by label (labels beyond its end have its mean)."""
    labels = labels_in(masks)
    usual = float(chance[1:].mean()) if len(chance) > 1 else 0.0
    known = labels < len(chance)
    of_label = np.where(known, chance[np.where(known, labels, 0)], usual)
    keep = np.ones(int(masks.max()) + 1, dtype=np.bool_)
    keep[labels[rng.random(len(labels)) < of_label]] = False
    return np.where(keep[masks], masks, 0).astype(np.uint32)


def add_spurious(settings: SimulateSettings, masks: Labels, n_cells: int, rng: np.random.Generator) -> Labels:
    """Small round masks on empty background."""
    n = int(rng.poisson(settings.masks.spurious * n_cells))
    voxel_um = settings.scale.voxel_um
    place = rng.random((n, masks.ndim)) * (np.asarray(masks.shape) - 1)
    radius = rng.uniform(*SPURIOUS_SIZE, n) * settings.cells.diameter_um / 2
    spoiled = masks.copy()
    first = int(masks.max()) + 1
    for i in range(n):
        reach = radius[i] / voxel_um
        start = np.clip(np.floor(place[i] - reach).astype(int), 0, masks.shape)
        stop = np.clip(np.ceil(place[i] + reach).astype(int) + 1, start, masks.shape)
        box = tuple(slice(a, b) for a, b in zip(start, stop, strict=True))
        distance = sum(((g - c) * v) ** 2 for g, c, v in zip(np.ogrid[box], place[i], voxel_um, strict=True))
        ball = distance <= radius[i] ** 2
        if not spoiled[box][ball].any():
            spoiled[box][ball] = first + i
    return spoiled


def shuffle_labels(masks: Labels, rng: np.random.Generator) -> npt.NDArray[np.uint16] | Labels:
    """The same masks numbered 1..n in random order; uint16 where it holds n."""
    labels = labels_in(masks)
    number = np.zeros(int(masks.max()) + 1, dtype=np.uint32)
    number[labels] = rng.permutation(len(labels)) + 1
    return number.astype(label_dtype(len(labels)))[masks]


def label_dtype(largest: int) -> npt.DTypeLike:
    """The type that holds the labels: uint16 as the CTC asks for, uint32 where it is too small."""
    return np.uint16 if largest <= np.iinfo(np.uint16).max else np.uint32
