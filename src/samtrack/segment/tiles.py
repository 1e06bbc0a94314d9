"""A frame through a segmenter, tile by tile where it is large; the same labels whatever the tiles.

Each tile reads a halo around its core and keeps the objects whose centroid lies in the core. Objects are numbered
from 1 by their first voxel in scan order, so neither the size nor the order of the tiles shows in the result.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.blocks import Canvas, plan_tiles, whole_box
from samtrack.errors import SettingsError
from samtrack.segment.base import Labels, Segmenter, Tiling
from samtrack.types import Box, Frames

Ints = npt.NDArray[np.int64]


def segment_frame(segmenter: Segmenter, images: Frames, frame: int, memory_gb: float | None = None) -> Labels:
    """Labels of one frame, uint32, (z)yx; the work of a tile stays under ``memory_gb`` if given."""
    labels: Labels = np.zeros(images.shape, dtype=np.uint32)
    canvas = Canvas(labels)
    number = paint_frame(segmenter, images, frame, canvas, memory_gb)
    if number is not None:
        for part in labels:  # slab by slab: no second frame in memory
            part[...] = number[part]
    return labels


def paint_frame(
    segmenter: Segmenter, images: Frames, frame: int, canvas: Canvas, memory_gb: float | None = None
) -> Labels | None:
    """Paint the objects of one frame into an empty canvas, tile by tile, so that the frame is never whole in memory.

    Painted values are provisional: entry i of what is returned is the label of value i. None: they are the labels.
    """
    facts = segmenter.frame_facts(images, frame)
    tiling = segmenter.tiling
    if tiling is None:
        whole = whole_box(images.shape)
        canvas.write(whole, segmenter.segment(images.read(frame), whole, facts))
        return None
    firsts: list[Ints] = [np.zeros(0, dtype=np.int64)]
    count = 0
    for tile in plan_tiles(images.shape, plan_side(images.shape, tiling, memory_gb), tiling.halo):
        read = _aligned(tile.read, tiling.align, images.shape)
        found = segmenter.segment(images.read(frame, read), read, facts)
        first = _paint_owned(canvas, found, read, tile.core, count)
        firsts.append(first)
        count += len(first)
    return _numbers_by_place(np.concatenate(firsts))


def plan_side(shape: tuple[int, ...], tiling: Tiling, memory_gb: float | None) -> tuple[int, ...]:
    """Core of a tile: the segmenter's side, halved along its longest axis until a tile fits the memory."""
    side = [min(s, n) for s, n in zip(tiling.side, shape, strict=True)]
    least = [min(max(h // 4, a), n) for h, a, n in zip(tiling.halo, tiling.align, shape, strict=True)]
    while memory_gb is not None and _bytes_of(side, shape, tiling) > memory_gb * 1e9:
        axis = max(range(len(side)), key=lambda a: side[a] / least[a])
        if side[axis] <= least[axis]:
            raise SettingsError(
                f"resources.memory_gb is {memory_gb:g}, but the smallest tile of a frame of {shape} voxels takes "
                f"{_bytes_of(side, shape, tiling) / 1e9:.1f} GB for cells of this diameter. Raise resources.memory_gb, or "
                "correct movie.cell_diameter_um if cells are smaller than that."
            )
        side[axis] = max(-(-side[axis] // 2), least[axis])
    return tuple(side)


def _bytes_of(side: list[int], shape: tuple[int, ...], tiling: Tiling) -> float:
    """Peak memory of one tile."""
    read = [min(s + 2 * h + 2 * a, n) for s, h, a, n in zip(side, tiling.halo, tiling.align, shape, strict=True)]
    return float(np.prod(read)) * tiling.bytes_per_voxel


def _aligned(box: Box, align: tuple[int, ...], shape: tuple[int, ...]) -> Box:
    """The box grown to multiples of ``align`` from the frame's corner."""
    start = tuple(a // k * k for a, k in zip(box.start, align, strict=True))
    stop = tuple(-(-b // k) * k for b, k in zip(box.stop, align, strict=True))
    return Box(start, stop).clipped(shape)


def _paint_owned(canvas: Canvas, found: Labels, read: Box, core: Box, count: int) -> Ints:
    """Paint the objects of ``found`` with their centroid in ``core`` as count + 1, …; returns their first voxels.

    A first voxel is the place in the flat frame of the object's first voxel in scan order.
    """
    voxels = np.flatnonzero(found)
    values, object_of = np.unique(found.ravel()[voxels], return_inverse=True)
    n = len(values)
    size = np.bincount(object_of, minlength=n)
    is_owned = np.ones(n, dtype=np.bool_)
    place = np.zeros(len(voxels), dtype=np.int64)
    where = [np.asarray(local) for local in np.unravel_index(voxels, found.shape)]
    for axis, local in enumerate(where):
        along = local + read.start[axis]
        centre = np.bincount(object_of, along, n).astype(np.int64) // np.maximum(size, 1)
        is_owned &= (core.start[axis] <= centre) & (centre < core.stop[axis])
        place = place * canvas.shape[axis] + along
    first = np.full(n, np.iinfo(np.int64).max)
    np.minimum.at(first, object_of, place)
    number = np.where(is_owned, count + np.cumsum(is_owned), 0)[object_of]
    kept = number > 0
    if kept.any():
        _paint(canvas, [local[kept] for local in where], number[kept], read)
    return first[is_owned]


def _paint(canvas: Canvas, where: list[Ints], number: Ints, read: Box) -> None:
    """Put numbers at places that count from the corner of ``read``; only the part of the canvas around them is touched."""
    low = [int(local.min()) for local in where]
    box = Box(
        tuple(a + b for a, b in zip(low, read.start, strict=True)),
        tuple(int(local.max()) + 1 + b for local, b in zip(where, read.start, strict=True)),
    )
    part = canvas.read(box)
    part[tuple(local - a for local, a in zip(where, low, strict=True))] = number
    canvas.write(box, part)


def _numbers_by_place(firsts: Ints) -> Labels:
    """For each value painted (0: background) its label: labels 1, 2, … increase with the objects' first voxels."""
    number = np.zeros(len(firsts) + 1, dtype=np.uint32)
    number[1 + np.argsort(firsts)] = np.arange(1, len(firsts) + 1, dtype=np.uint32)
    return number
