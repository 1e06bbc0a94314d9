"""What the network is shown of a frame: which tiles, and in each of them which points.

Each cell is drawn in the tile whose core holds its point; a tile is seen once for all its cells, and its answers are kept
for a while, since cells at the border of a part of the frame are wanted by the next part, too.

Legend: n cells of the frame, p cells of a tile, k points of each.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samtrack.config.segment import Prompts3dSettings
from samtrack.models.sammed3d.mosaic import Mosaic, measure_range
from samtrack.models.sammed3d.tiles import Tiles, in_range
from samtrack.segment.spots import Spots
from samtrack.types import Box, Frames

if TYPE_CHECKING:
    from samtrack.models.sammed3d.engine import Answer, SamMed3DEngine

Ints = npt.NDArray[np.int64]
Doubles = npt.NDArray[np.float64]

SAME_CELL = 0.25
"""Points nearer to each other than this, in cell diameters, may lie in one cell: neither is clicked off the other."""

SHARE_FOR_ANSWERS = 0.25
"""Share of the engine's memory in which answers are kept."""


@dataclass(slots=True)
class PromptPlan:
    """The tiles and points of one frame. ``tile`` (n,): the tile of each cell; ``corner`` (n, 3): its first voxel."""

    settings: Prompts3dSettings
    engine: SamMed3DEngine
    images: Frames
    frame: int
    diameter_um: float
    spots: Spots
    tiles: Tiles
    tile: Ints
    corner: Ints
    grey: tuple[float, float]
    _tree: Any
    _answers: OrderedDict[int, Answer] = field(default_factory=OrderedDict)

    def cells_of(self, tile: int) -> Ints:
        """The cells that are drawn in a tile, rising."""
        return np.flatnonzero(self.tile == tile)

    def answer(self, tile: int) -> Answer:
        """What the network says of the cells of a tile, in the order of `cells_of`."""
        if tile not in self._answers:
            self._answers[tile] = self._asked(self.cells_of(tile))
        self._answers.move_to_end(tile)
        most = SHARE_FOR_ANSWERS * self.engine.use.memory_gb * 1e9
        while len(self._answers) > 1 and sum(a.logits.nbytes for a in self._answers.values()) > most:
            self._answers.popitem(last=False)
        return self._answers[tile]

    def _asked(self, cells: Ints) -> Answer:
        """All cells of one tile, asked at once: an answer must not depend on who wants it."""
        corner = self.corner[cells[0]]
        if self.settings.compat == "seed":
            middle = np.full((1, 1, 3), self.engine.side // 2, dtype=np.float64)
            seen = self.engine.look([self._raw(corner)])[0]
            return self.engine.ask(seen, middle, np.ones((1, 1), dtype=np.int64), rounds=1)
        seen = self.engine.look([self.tiles.cut(self._scaled, corner)])[0]
        points, is_in = self.clicks(cells)
        return self.engine.ask(seen, points, is_in, rounds=self.settings.rounds)

    def clicks(self, cells: Ints) -> tuple[Doubles, Ints]:
        """Points (p, k, 3) in voxels of the cells' tile, and what they say (p, k): 1 the cell, 0 a neighbour, -1 nothing.

        Neighbours outside of the tile are no points.
        """
        n = min(self.settings.negatives + 1, len(self.spots.point))
        um = self.images.scale.voxel_um
        away_um, near = self._tree.query(self.spots.point[cells] * um, k=np.arange(1, n + 1))
        is_other = (near != cells[:, None]) & (away_um > SAME_CELL * self.diameter_um)
        points = np.concatenate([self.spots.point[cells][:, None], self.spots.point[near]], axis=1)
        points = self.tiles.to_tile(points, self.corner[cells[0]])
        is_inside = (np.abs(points[:, 1:] - (self.tiles.side - 1) / 2) <= self.tiles.side / 2).all(axis=2)
        is_in = np.concatenate([np.ones((len(cells), 1)), np.where(is_other & is_inside, 0, -1)], axis=1)
        points[is_in < 0] = 0
        return points, is_in.astype(np.int64)

    def _scaled(self, box: Box) -> npt.NDArray[np.float32]:
        return in_range(self.images.read(self.frame, box), *self.grey)

    def _raw(self, corner: Ints) -> npt.NDArray[np.float32]:
        """A block of the frame as it is, 0 beyond the frame."""
        block = Box(tuple(corner), tuple(corner + self.engine.side))
        inside = block.clipped(self.images.shape)
        raw = np.zeros(block.shape, dtype=np.float32)
        place = tuple(slice(a - c, b - c) for a, b, c in zip(inside.start, inside.stop, block.start, strict=True))
        raw[place] = self.images.read(self.frame, inside)
        return raw


def plan_prompts(
    settings: Prompts3dSettings,
    engine: SamMed3DEngine,
    images: Frames,
    frame: int,
    diameter_um: float,
    spots: Spots,
) -> PromptPlan:
    """The tiles of a frame and which cell is drawn in which of them."""
    if settings.compat == "seed":
        depth, height, width = images.shape
        tiles, grey = Tiles((depth, height, width), (1.0, 1.0, 1.0), engine.side), (0.0, 1.0)
        tile = np.arange(len(spots.point), dtype=np.int64)
        corner = np.floor(spots.point + 0.5).astype(np.int64) - engine.side // 2
    else:
        cell_px = engine.use.cell_px
        tiles = Tiles.for_cells(images.shape, images.scale.um_per_voxel, diameter_um, cell_px, engine.side)
        mosaic = Mosaic.over(tiles, settings.margin * cell_px)
        grey, tile = measure_range(images, frame), mosaic.tile_of(spots.point)
        corner = mosaic.corners(tile)
    tree = cKDTree(spots.point * images.scale.voxel_um)
    return PromptPlan(settings, engine, images, frame, diameter_um, spots, tiles, tile, corner, grey, tree)
