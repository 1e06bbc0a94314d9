"""How many voxels are looked at at once, in one place: slabs in scan order, and compact boxes.

A frame may be larger than memory. Whoever walks over all of its voxels asks here for boxes, reads one, and lets it go before
the next. Sizes are constants, not settings: what a step takes beside its tables does not grow with the frame, and no result
can depend on them.
"""

from __future__ import annotations

from itertools import pairwise, product
from math import prod

from samtrack.errors import PlanError
from samtrack.types import Box

SLAB_VOXELS = 2**20
"""Voxels of one slab or box at most: 4 MiB of labels; the hungriest step takes 80 bytes for each beside it, 84 MB."""

LAYER_VOXELS = 2**22
"""Voxels of one layer of a stored frame (16 MiB of labels), unless one plane is larger: planes that are compressed together,
so that reading some of them costs as much as reading all."""

LAYER_PLANES = 16
"""Planes of one layer at most: as many as a cell is thick, about."""

HELD_VOXELS = 2**22
"""Frames of at most this many voxels may be held whole (16 MiB of labels): reading them in parts would only cost time."""


def is_small(shape: tuple[int, ...]) -> bool:
    """Whether a frame of this shape may be held whole."""
    return prod(shape) <= HELD_VOXELS


def layer_planes(shape: tuple[int, ...]) -> int:
    """Planes of one layer of a frame (z, y, x); of a small frame or a picture all of it."""
    if len(shape) < 3 or prod(shape) <= LAYER_VOXELS:
        return shape[0]
    return min(LAYER_PLANES, max(1, LAYER_VOXELS // prod(shape[1:])))


def whole_box(shape: tuple[int, ...]) -> Box:
    """The box of all voxels of a frame."""
    return Box((0,) * len(shape), shape)


def plan_slabs(box: Box, most: int | None = None, multiple: int = 1) -> list[Box]:
    """Parts of a box in scan order, each of at most ``most`` voxels (None: `SLAB_VOXELS`; at least one line).

    A part is a run of whole planes, or where one plane is too large a run of lines of it: the voxels of all parts, one after
    the other, are those of the box in scan order. Runs of planes begin at multiples of ``multiple`` from the frame's corner
    where that many fit.
    """
    most = SLAB_VOXELS if most is None else most
    if most < 1 or multiple < 1:
        raise PlanError(f"cannot cut a box into slabs of {most} voxels at multiples of {multiple}")
    inner = prod(box.shape[1:])
    if prod(box.shape) == 0:
        return []
    if inner > most and len(box.shape) > 2:
        parts = []
        for plane in range(box.start[0], box.stop[0]):
            inside = plan_slabs(Box(box.start[1:], box.stop[1:]), most)
            parts += [Box((plane, *part.start), (plane + 1, *part.stop)) for part in inside]
        return parts
    step = max(most // inner, 1)
    step = step // multiple * multiple if step >= multiple else step
    first = box.start[0] // step * step + step if multiple > 1 else box.start[0] + step
    edges = [box.start[0], *range(first, box.stop[0], step), box.stop[0]]
    return [Box((a, *box.start[1:]), (b, *box.stop[1:])) for a, b in pairwise(edges)]


def plan_boxes(box: Box, most: int | None = None) -> list[Box]:
    """Parts of a box that tile it, each of at most ``most`` voxels (None: `SLAB_VOXELS`) and as compact as that allows."""
    most = SLAB_VOXELS if most is None else most
    side = list(box.shape)
    if len(side) == 3 and prod(side) > most:
        side[0] = min(side[0], LAYER_PLANES)
    while prod(side) > most and max(side) > 1:
        longest = side.index(max(side))
        side[longest] = -(-side[longest] // 2)
    if prod(side) == 0:
        return []
    corners = product(*(range(a, b, s) for a, b, s in zip(box.start, box.stop, side, strict=True)))
    return [
        Box(corner, tuple(min(c + s, b) for c, s, b in zip(corner, side, box.stop, strict=True))) for corner in corners
    ]
