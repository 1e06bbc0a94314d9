"""What is carried from where to where when a missing cell is looked for in the image: planes, places, painted masks.

In 2D each observation is carried into the missing frame, and past it to the other observation, where the answer is known.
In 3D every slice of the cell is carried, from the slice of the observation that lies as high in it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from samtrack.fill.gaps import Draft
from samtrack.fill.shape import Observation
from samtrack.models.sam2.windows import Ints, Lattice
from samtrack.types import Box, Scale

Bools = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]


class View(NamedTuple):
    """A part of a plane that is encoded: frame, slice (0 in 2D), and box, (y, x) voxels."""

    frame: int
    plane: int
    box: Box


class Side(NamedTuple):
    """A plane that is looked at for a cell, and where the cell is in it, (y, x) voxels."""

    frame: int
    plane: int
    centre: Doubles


@dataclass(frozen=True, slots=True)
class Carry:
    """One slice of an observation that is looked for in one slice of the missing frame; ``weight``: how near it is.

    ``known`` is the observation on the other side of the gap, ``across`` its slice that lies as high.
    """

    draft: int
    seen: Observation
    known: Observation
    weight: float
    source: Side
    target: Side
    across: Side

    def on_other_side(self, reach_px: tuple[int, ...], shape: tuple[int, int]) -> tuple[Bools, Box]:
        """The known mask in its slice with some room around it, and the box that this is, (y, x) voxels."""
        box, mask = self.known.box, self.known.mask
        flat = Box(box.start[-2:], box.stop[-2:])
        wide = flat.grown(reach_px, shape)
        true = np.zeros(wide.shape, dtype=np.bool_)
        inside, part = common(flat, wide)
        true[part] = (mask[self.across.plane - box.start[0]] if mask.ndim == 3 else mask)[inside]
        return true, wide


def carries_of(number: int, draft: Draft, scale: Scale) -> Iterator[Carry]:
    """Every slice of the missing cell from both observations; in 2D there is one slice."""
    missing, here = draft.missing, place_of(draft, scale)
    extent = _extent(draft)
    sides = list(zip(draft.around, missing.frames, (1 - missing.weight, missing.weight), strict=True))
    for (seen, frame, weight), (known, known_frame, _) in zip(sides, reversed(sides), strict=True):
        there, beyond = (one.centroid_um / scale.voxel_um for one in (seen, known))
        for plane in range(*extent):
            low, high = (_same_height(one, plane, extent) if len(here) == 3 else 0 for one in (seen, known))
            source, across = Side(frame, low, there[-2:]), Side(known_frame, high, beyond[-2:])
            yield Carry(number, seen, known, weight, source, Side(missing.frame, plane, here[-2:]), across)


def place_of(draft: Draft, scale: Scale) -> Doubles:
    """Where the cell must be in the missing frame, in voxels: on the straight path between its observations."""
    weight, (before, after) = draft.missing.weight, draft.around
    return np.asarray(((1 - weight) * before.centroid_um + weight * after.centroid_um) / scale.voxel_um)


def _extent(draft: Draft) -> tuple[int, int]:
    """First slice of the interpolated shape, and the one after its last; (0, 1) in 2D."""
    if draft.depth.ndim == 2:
        return 0, 1
    planes = np.flatnonzero((draft.depth > 0).any(axis=(1, 2)))
    if not len(planes):
        return draft.box.start[0], draft.box.start[0]
    return draft.box.start[0] + int(planes[0]), draft.box.start[0] + int(planes[-1]) + 1


def _same_height(seen: Observation, plane: int, extent: tuple[int, int]) -> int:
    """The slice of an observation that lies as high in it as ``plane`` lies between the slices of ``extent``."""
    filled = np.flatnonzero(seen.mask.any(axis=(1, 2))) + seen.box.start[0]
    height = (plane + 0.5 - extent[0]) / (extent[1] - extent[0])
    wanted = filled[0] + height * (filled[-1] + 1 - filled[0]) - 0.5
    return int(filled[np.argmin(np.abs(filled - wanted))])


def paint(view: View, carries: Sequence[Carry]) -> npt.NDArray[np.int32]:
    """The masks of the cells of a view, numbered from 1 in the order of the carries."""
    labels = np.zeros(view.box.shape, dtype=np.int32)
    for number, carry in enumerate(carries, start=1):
        seen, box = carry.seen, carry.seen.box
        mask = seen.mask[view.plane - box.start[0]] if seen.mask.ndim == 3 else seen.mask
        inside, part = common(Box(box.start[-2:], box.stop[-2:]), view.box)
        labels[part][mask[inside]] = number
    return labels


def common(one: Box, other: Box) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The voxels that two boxes share, as indices into the one and into the other; empty where they share none."""
    start = np.maximum(one.start, other.start)
    stop = np.maximum(np.minimum(one.stop, other.stop), start)
    return tuple(
        tuple(slice(int(a - o), int(b - o)) for a, b, o in zip(start, stop, box.start, strict=True))
        for box in (one, other)
    )  # type: ignore[return-value]


def corners_alike(lattice: Lattice, there: Doubles, corner: Ints, here: Doubles) -> Ints:
    """Corners of windows in which places ``here`` lie as ``there`` lies in the windows at ``corner``, to half a token."""
    per_voxel = np.array(lattice.zoom) / lattice.token_px
    return np.asarray(corner + np.floor((here - there) * per_voxel + 0.5), dtype=np.int64)
