"""How the voxels of a store are cut: resolution levels, chunks, shards. Pure arithmetic on shapes.

A level is one Zarr array (t, (z,) y, x). A shard is one file: a frame, or a slab of a frame too large for one file. A
shard holds chunks, which are what is compressed and read as a unit.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from samtrack.config.ingest import IngestSettings

VIEWED_PX = 2048
"""Side up to which viewers open a picture at once; levels are added until y and x are at most this."""

MAX_SHARD_VOXELS = 2**30
"""Voxels of one shard at most (2 GiB of uint16 before compression): file systems and copies handle that well."""

LAYER_VOXELS = 2**22
"""Voxels of one layer of chunks at most (8 MiB of uint16), unless one plane is larger: a layer is what has to be in memory
to write a frame, several times."""

FLATNESS = 16
"""Ratio of a chunk's side along y and x to its thickness along z: planes are what is shown, and z steps are coarse."""


@dataclass(frozen=True)
class Level:
    """One resolution level: shape of a frame, of a chunk and of a shard, (z)yx."""

    shape: tuple[int, ...]
    chunk: tuple[int, ...]
    layers_per_shard: int

    @property
    def shard(self) -> tuple[int, ...]:
        """Shape of a shard: whole chunks, so it may reach beyond the frame."""
        inner = (-(-n // c) * c for n, c in zip(self.shape[1:], self.chunk[1:], strict=True))
        return (self.layers_per_shard * self.chunk[0], *inner)

    @property
    def chunks_per_layer(self) -> int:
        """Chunks of one layer, which is one chunk thick along the first axis."""
        return math.prod(-(-n // c) for n, c in zip(self.shape[1:], self.chunk[1:], strict=True))

    @property
    def n_shards(self) -> int:
        """Shards of one frame."""
        return -(-self.shape[0] // self.shard[0])


def plan_levels(shape: tuple[int, ...], settings: IngestSettings) -> tuple[Level, ...]:
    """The levels of a store whose frames have a shape (z)yx; each halves y and x of the one before, rounding up."""
    n_levels = settings.pyramid_levels or 1 + max(0, math.ceil(math.log2(max(shape[-2:]) / VIEWED_PX)))
    thickness, side = _chunk_sides(shape, settings.chunk_voxels)
    levels = []
    for _ in range(n_levels):
        plane = tuple(_even(n, side) for n in shape[-2:])
        if not thickness:  # in 2D the layers of all levels must begin at common rows
            plane = (_aligned(plane[0], shape[0], 2 ** (n_levels - 1)), plane[1])
        chunk = (*thickness, *plane)
        layer = chunk[0] * math.prod(-(-n // c) * c for n, c in zip(shape[1:], chunk[1:], strict=True))
        most = max(1, MAX_SHARD_VOXELS // layer)
        levels.append(Level(shape, chunk, min(most, -(-shape[0] // chunk[0]))))
        shape = (*shape[:-2], *(-(-n // 2) for n in shape[-2:]))
    return tuple(levels)


def _chunk_sides(shape: tuple[int, ...], voxels: int) -> tuple[tuple[int, ...], float]:
    """Thickness along z (empty in 2D) and wanted side along y and x of a chunk of about ``voxels``."""
    if len(shape) == 2:
        return (), math.sqrt(voxels)
    most = max(1, LAYER_VOXELS // math.prod(shape[1:]))
    thickness = min(_even(shape[0], (voxels / FLATNESS**2) ** (1 / 3)), most)
    return (thickness,), math.sqrt(voxels / thickness)


def _even(n: int, wanted: float) -> int:
    """Side near ``wanted`` that cuts ``n`` voxels into equal parts, as nearly as possible."""
    return -(-n // max(1, round(n / wanted)))


def _aligned(side: int, n: int, multiple: int) -> int:
    return side if side >= n else -(-side // multiple) * multiple
