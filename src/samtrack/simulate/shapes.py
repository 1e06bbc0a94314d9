"""What form a cell has: a spheroid with pointed or round ends, dented by a few smooth waves that slowly change.

A body is described by its *depth*: 1 at its centre, 0 at its surface, negative outside, falling straight along every ray. A
voxel belongs to the body in which it lies deepest, so bodies that press against each other meet in a smooth face.

Legend: n bodies, d axes (2 or 3), k waves; lengths in micrometres from the centre of the picture's first voxel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Slices = tuple[slice, ...]


@dataclass(frozen=True, slots=True)
class Bodies:
    """Form and place of the cells of one frame; a column per property, a row per cell."""

    centre_um: Floats
    """(n, d)"""
    axes: Floats
    """(n, d, d): row 0 is the long axis, all rows are unit vectors at right angles."""
    semi_um: Floats
    """(n, d): half-lengths along the axes."""
    power: Floats
    """(n,): 2 for an ellipse, less for pointed ends."""
    wave: Floats
    """(n, k, d): the waves on the surface, in radians per unit of direction."""
    height: Floats
    """(n, k): their heights, as a share of the radius."""
    phase: Floats
    """(n, k): their phases, in radians."""

    def __len__(self) -> int:
        return len(self.centre_um)

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The given rows."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @property
    def reach_um(self) -> Floats:
        """(n, d): farthest extent from the centre along each axis of the picture; never too small."""
        ellipsoid: Floats = np.sqrt(((self.semi_um[:, :, None] * self.axes) ** 2).sum(axis=1))
        return ellipsoid * (1 + np.abs(self.height).sum(axis=1, keepdims=True))


@dataclass(frozen=True, slots=True)
class Grid:
    """Voxels in space: the picture, or the picture with a rim around it."""

    shape: tuple[int, ...]
    voxel_um: Floats
    rim_px: tuple[int, ...]

    @classmethod
    def around(cls, shape: tuple[int, ...], voxel_um: Floats, rim_um: Sequence[float]) -> Grid:
        """The grid of a picture of ``shape`` with a rim of at least ``rim_um`` on every side."""
        rim = tuple(int(np.ceil(r / v)) for r, v in zip(rim_um, voxel_um, strict=True))
        return cls(tuple(n + 2 * r for n, r in zip(shape, rim, strict=True)), voxel_um, rim)

    @property
    def picture(self) -> Slices:
        """The picture inside the grid."""
        return tuple(slice(r, n - r) for n, r in zip(self.shape, self.rim_px, strict=True))

    def positions_um(self, axis: int, part: slice) -> Floats:
        """Coordinates of some voxels along one axis."""
        return (np.arange(part.start, part.stop) - self.rim_px[axis]) * self.voxel_um[axis]


@dataclass(frozen=True, slots=True)
class Drawn:
    """One body on the voxels of its box: depth, and coordinates in the body's own axes in units of its half-lengths."""

    row: int
    box: Slices
    depth: npt.NDArray[np.float32]
    local: tuple[npt.NDArray[np.float32], ...]


def depth_of_local(local: Sequence[npt.NDArray[Any]], bodies: Bodies, row: int | Ints) -> npt.NDArray[Any]:
    """Depth at points given in the bodies' own axes (micrometres); ``row`` names one body, or one per point."""
    along, across = np.abs(local[0]), np.sqrt(sum(c * c for c in local[1:]))
    length, width, power = bodies.semi_um[row, 0], bodies.semi_um[row, 1], bodies.power[row]
    if np.all(power == 2):
        radius = np.hypot(along / length, across / width)
    else:
        radius = ((along / length) ** power + (across / width) ** power) ** (1 / power)
    distance = np.maximum(np.hypot(along, across), 1e-9)
    surface = np.ones_like(radius)
    for k in range(bodies.wave.shape[1]):
        turn = sum(bodies.wave[row, k, i] * c for i, c in enumerate(local)) / distance
        surface += bodies.height[row, k] * np.sin(turn + bodies.phase[row, k])
    depth: npt.NDArray[Any] = 1 - radius / surface
    return depth


def depth_at(bodies: Bodies, rows: Ints, points_um: Floats) -> Floats:
    """Depth of each point (m, d) in one body each: ``rows`` (m,) names the bodies."""
    away = points_um - bodies.centre_um[rows]
    local = np.einsum("mij,mj->im", bodies.axes[rows], away)
    return np.asarray(depth_of_local(list(local), bodies, rows), dtype=np.float64)


def draw_bodies(bodies: Bodies, grid: Grid) -> Iterator[Drawn]:
    """Each body that reaches into the grid, one after the other, on the voxels of its box."""
    rim_um = np.asarray(grid.rim_px) * grid.voxel_um
    reach = bodies.reach_um
    start = np.maximum(np.floor((bodies.centre_um - reach + rim_um) / grid.voxel_um).astype(int), 0)
    stop = np.minimum(np.ceil((bodies.centre_um + reach + rim_um) / grid.voxel_um).astype(int) + 1, grid.shape)
    for row in np.flatnonzero((start < stop).all(axis=1)):
        box = tuple(slice(int(a), int(b)) for a, b in zip(start[row], stop[row], strict=True))
        local = _local_coordinates(bodies, int(row), grid, box)
        depth = depth_of_local(local, bodies, int(row)).astype(np.float32)
        scaled = tuple((c / s).astype(np.float32) for c, s in zip(local, bodies.semi_um[row], strict=True))
        yield Drawn(int(row), box, depth, scaled)


def _local_coordinates(bodies: Bodies, row: int, grid: Grid, box: Slices) -> list[npt.NDArray[np.float32]]:
    """The voxels of a box in the axes of one body, in micrometres; one array per axis."""
    mesh = [
        (grid.positions_um(i, part) - bodies.centre_um[row, i])
        .astype(np.float32)
        .reshape([-1 if i == j else 1 for j in range(len(box))])
        for i, part in enumerate(box)
    ]
    axes = bodies.axes[row].astype(np.float32)
    return [sum((axes[i, j] * mesh[j] for j in range(1, len(mesh))), axes[i, 0] * mesh[0]) for i in range(len(mesh))]


class LabelCanvas:
    """A label picture in the making: every voxel goes to the body in which it lies deepest."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._depth = np.zeros(grid.shape, dtype=np.float32)
        self._label = np.zeros(grid.shape, dtype=np.uint32)

    def add(self, drawn: Drawn, label: int) -> None:
        """Draw one body."""
        won = drawn.depth > self._depth[drawn.box]
        self._depth[drawn.box][won] = drawn.depth[won]
        self._label[drawn.box][won] = label

    def finish(self, anchors: Ints, labels: npt.ArrayLike) -> npt.NDArray[np.uint32]:
        """The labels of the picture: each holds its anchor voxel (m, d) and is one connected object."""
        picture = np.array(self._label[self._grid.picture])
        values = np.asarray(labels, dtype=np.uint32)
        picture[tuple(anchors.T)] = values
        boxes = ndimage.find_objects(picture, max_label=int(values.max(initial=0)))
        for label, anchor in zip(values, anchors, strict=True):
            _keep_piece_of(picture, boxes[label - 1], label, anchor)
        return picture


def _keep_piece_of(picture: npt.NDArray[np.uint32], box: Slices, label: np.uint32, anchor: Ints) -> None:
    """Remove from the picture what does not hang together with the anchor (neighbours across faces)."""
    mask = picture[box] == label
    pieces, n = ndimage.label(mask)
    if n > 1:
        kept = pieces[tuple(a - part.start for a, part in zip(anchor, box, strict=True))]
        picture[box][mask & (pieces != kept)] = 0
