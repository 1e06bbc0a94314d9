"""Tiles of one frame: cores tile the frame exactly once, each tile reads a halo around its core."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

from samtrack.errors import PlanError
from samtrack.types import Box


@dataclass(frozen=True, slots=True)
class Tile:
    """A piece of a frame: owns the objects whose centre lies in ``core``, reads ``read``."""

    index: int
    core: Box
    read: Box


def plan_tiles(shape: tuple[int, ...], tile: tuple[int, ...], halo: tuple[int, ...]) -> list[Tile]:
    """Tiles of about ``tile`` voxels, evenly sized, each with ``halo`` voxels more on every side inside the frame."""
    if not len(shape) == len(tile) == len(halo) or min(*shape, *tile) < 1 or min(halo) < 0:
        raise PlanError(f"cannot cut a frame of {shape} into tiles of {tile} with a halo of {halo}")
    edges = []
    for n, size in zip(shape, tile, strict=True):
        count = -(-n // size)
        edges.append([n * i // count for i in range(count + 1)])
    tiles = []
    for index, corner in enumerate(product(*(range(len(e) - 1) for e in edges))):
        start = tuple(e[i] for e, i in zip(edges, corner, strict=True))
        stop = tuple(e[i + 1] for e, i in zip(edges, corner, strict=True))
        core = Box(start, stop)
        tiles.append(Tile(index, core, core.grown(halo, shape)))
    return tiles
