"""Where a cell ends: each chosen region gets the border that its own brightness asks for, one piece, no holes.

Every step looks only a known number of voxels around; where two cells want one voxel, values decide, never the labels'
numbers.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse

from samtrack.segment.grid import Image

Ints = npt.NDArray[np.int64]
RegionLabels = npt.NDArray[np.int32]

MEDIANS = 2
"""How often a cell's median is taken: of the region, which in bright cells holds much of the blurred rim, then of what
passes the threshold that this gives."""


def median_of(labels: RegionLabels, image: Image, largest: int) -> Image:
    """Upper median of ``image`` in each label up to ``largest`` (0 where it has no voxel); entry i belongs to label i."""
    voxels = np.flatnonzero(labels)
    label, value = labels.ravel()[voxels], image.ravel()[voxels]
    order = np.lexsort((value, label))
    count = np.bincount(label, minlength=largest + 1)
    start = np.cumsum(count) - count
    medians = np.zeros(len(count), dtype=np.float32)
    there = count > 0
    medians[there] = value[order][(start + count // 2)[there]]
    return medians


def fit_borders(
    regions: RegionLabels, height: Image, share: float, lowest: float, steps: tuple[int, ...]
) -> RegionLabels:
    """Regions shrunk and grown to the voxels above ``share`` of their own median height, at least ``lowest``.

    Growth goes at most ``steps`` voxels along each axis and stops where cells meet.
    """
    kept, largest = regions, int(regions.max(initial=0))
    threshold = np.zeros(largest + 1, dtype=np.float32)
    for _ in range(MEDIANS):
        threshold = np.maximum(np.float32(share) * median_of(kept, height, largest), np.float32(lowest))
        kept = np.where(height > threshold[regions], regions, 0).astype(np.int32)
    grown = _grow(np.pad(kept, 1), np.pad(height, 1), threshold, steps)
    return fill_holes(largest_pieces(grown[(slice(1, -1),) * grown.ndim]))


def _grow(labels: RegionLabels, height: Image, threshold: Image, steps: tuple[int, ...]) -> RegionLabels:
    """Free voxels join the highest labelled neighbour whose threshold they pass, all at once, step by step."""
    flat, heights = labels.ravel(), height.ravel()
    limit = threshold[1:].min(initial=np.inf)
    near = ndimage.maximum_filter(labels, [2 * s + 1 for s in steps], mode="constant") > 0
    free = np.flatnonzero((flat == 0) & (heights > limit) & near.ravel())
    # the rim of padding is never free, so neighbours need no check of bounds
    inside = np.zeros(labels.shape, dtype=np.bool_)
    inside[(slice(1, -1),) * labels.ndim] = True
    free = free[inside.ravel()[free]]
    strides = [int(np.prod(labels.shape[axis + 1 :])) for axis in range(labels.ndim)]
    for step in range(max(steps)):
        offsets = [sign * s for s, most in zip(strides, steps, strict=True) if step < most for sign in (-1, 1)]
        joined = _best_neighbour(flat, heights, free, offsets, threshold)
        if not joined.any():
            break
        flat[free] = joined
        free = free[joined == 0]
    return flat.reshape(labels.shape)


def _best_neighbour(
    flat: RegionLabels, heights: Image, free: Ints, offsets: list[int], threshold: Image
) -> RegionLabels:
    """For each free voxel the label of its highest neighbour that it may join, 0 for none."""
    best = np.zeros(len(free), dtype=np.int32)
    best_height = np.full(len(free), -np.inf, dtype=np.float32)
    mine = heights[free]
    for offset in offsets:
        label, height = flat[free + offset], heights[free + offset]
        better = (label > 0) & (mine > threshold[label]) & (height > best_height)
        best[better], best_height[better] = label[better], height[better]
    return best


def largest_pieces(labels: RegionLabels) -> RegionLabels:
    """Each label cut down to its largest connected piece (the first in scan order among equals)."""
    voxels = np.flatnonzero(labels)
    if not voxels.size:
        return labels
    node = np.full(labels.shape, -1, dtype=np.int32)
    node.ravel()[voxels] = np.arange(len(voxels), dtype=np.int32)
    pairs = [np.empty((2, 0), dtype=np.int32)]
    for axis in range(labels.ndim):
        before = tuple(slice(0, -1) if a == axis else slice(None) for a in range(labels.ndim))
        after = tuple(slice(1, None) if a == axis else slice(None) for a in range(labels.ndim))
        same = (labels[before] > 0) & (labels[before] == labels[after])
        pairs.append(np.stack([node[before][same], node[after][same]]))
    source, target = np.concatenate(pairs, axis=1)
    links = sparse.coo_array((np.ones(len(source), dtype=np.bool_), (source, target)), shape=(len(voxels),) * 2)
    n, piece = sparse.csgraph.connected_components(links, directed=False)
    label = labels.ravel()[voxels]
    size, first, of_label = np.bincount(piece), np.full(n, len(voxels)), np.zeros(n, dtype=np.int64)
    np.minimum.at(first, piece, np.arange(len(voxels)))
    of_label[piece] = label
    order = np.lexsort((first, -size, of_label))
    is_largest = np.zeros(n, dtype=np.bool_)
    is_largest[order[np.unique(of_label[order], return_index=True)[1]]] = True
    result = labels.copy()
    result.ravel()[voxels[~is_largest[piece]]] = 0
    return result


def fill_holes(labels: RegionLabels) -> RegionLabels:
    """Background that one label alone encloses becomes that label; what reaches the image's border is no hole.

    An axis of a single voxel has no border, so that a one-slice stack is treated as the picture it is.
    """
    holes, n = ndimage.label(labels == 0)
    lowest, highest = np.full(n + 1, np.iinfo(np.int32).max, dtype=np.int32), np.zeros(n + 1, dtype=np.int32)
    for axis in range(labels.ndim):
        before = tuple(slice(0, -1) if a == axis else slice(None) for a in range(labels.ndim))
        after = tuple(slice(1, None) if a == axis else slice(None) for a in range(labels.ndim))
        for here, there in ((before, after), (after, before)):
            touching = (labels[here] == 0) & (labels[there] > 0)
            np.minimum.at(lowest, holes[here][touching], labels[there][touching])
            np.maximum.at(highest, holes[here][touching], labels[there][touching])
    owner = np.where(lowest == highest, highest, 0).astype(np.int32)
    for axis, length in enumerate(labels.shape):
        if length > 1:
            owner[holes.take([0, length - 1], axis)] = 0
    owner[0] = 0
    return np.where(labels == 0, owner[holes], labels).astype(np.int32)
