"""Masks of missing cells as SAM-Med3D sees them: a click where the cell must be, its interpolated shape, its neighbours.

The missing cells of a frame are asked for together, tile by tile; a tile is seen once. The network is shown where the cell
must be, what shape it must have, and clicks off the cells around it. Its logits are blended with the shape; where the answer
cannot be the cell (empty, of an odd size, far off) the shape alone is drawn. 3D only.

Legend: p missing cells of a tile, k points of each, l: side of the logits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from samtrack.config.fill import Prompts3dFillSettings
from samtrack.fill.carries import place_of
from samtrack.fill.gaps import Draft
from samtrack.fill.judged import MOST, as_cell, shape_logits
from samtrack.models.sammed3d.mosaic import Mosaic, logits_at, measure_range, volume_at
from samtrack.models.sammed3d.tiles import Tiles, in_range
from samtrack.types import Frames

if TYPE_CHECKING:
    from samtrack.models.sammed3d.engine import SamMed3DEngine

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
CellsUm = Callable[[int], Doubles]
"""The centroids (n, 3) of the cells that a frame has, in micrometres."""

REACH_DIAMETERS = 0.5
"""How far beyond the interpolated shape's box a mask may reach, in typical diameters."""

MARGIN_DIAMETERS = 0.75
"""Least distance of a cell's place from the border of its tile, in typical diameters: half of one for the cell."""

SAME_CELL = 0.25
"""Cells nearer to the place than this, in typical diameters, are not clicked off: the place may be theirs."""


def nobody(frame: int) -> Doubles:
    """The cells of a frame where none is known."""
    return np.zeros((0, 3))


@dataclass(slots=True)
class Prompts3dDrawer:
    """Draws the missing masks of a frame. ``n_drawn`` counts them, ``n_by_shape`` those that the shape replaced.

    ``open_engine`` is called when the first mask is asked for: most blocks of most movies lack few or none.
    ``cells_um`` gives the cells that are clicked off, where they are neighbours.
    """

    open_engine: Callable[[], SamMed3DEngine]
    images: Frames
    settings: Prompts3dFillSettings
    diameter_um: float
    cells_um: CellsUm = nobody
    n_drawn: int = 0
    n_by_shape: int = 0
    _engine: SamMed3DEngine | None = None

    @property
    def reach_px(self) -> tuple[int, ...]:
        """Voxels around the interpolated shape in which a mask may lie."""
        return tuple(int(np.ceil(REACH_DIAMETERS * self.diameter_um / um)) for um in self.images.scale.um_per_voxel)

    @property
    def engine(self) -> SamMed3DEngine:
        """The engine, opened once."""
        if self._engine is None:
            self._engine = self.open_engine()
        return self._engine

    def redraw(self, drafts: Sequence[Draft]) -> list[Floats]:
        """Depths of the drafts of one frame, as logits: above 0 inside."""
        engine, scale = self.engine, self.images.scale
        frame, shape = drafts[0].missing.frame, self.images.shape
        tiles = Tiles.for_cells(shape, scale.um_per_voxel, self.diameter_um, engine.use.cell_px, engine.side)
        mosaic = Mosaic.over(tiles, MARGIN_DIAMETERS * engine.use.cell_px)
        places = np.stack([self._click(draft) for draft in drafts])
        shapes = [shape_logits(draft, scale) for draft in drafts]
        grey, tile = measure_range(self.images, frame), mosaic.tile_of(places)
        drawn: dict[int, Floats | None] = {}
        for number in np.unique(tile):
            some, corner = np.flatnonzero(tile == number), mosaic.corners(np.array([number]))[0]
            seen = engine.look([tiles.cut(lambda box: in_range(self.images.read(frame, box), *grey), corner)])[0]
            points, is_in = self._clicks(places, some, frame, tiles, corner)
            rows = list(enumerate(some.tolist()))
            shown = [volume_at(shapes[i], drafts[i].box, tiles, corner, engine.logits_px, -MOST) for _, i in rows]
            answer = engine.ask(seen, points, is_in, np.stack(shown), self.settings.rounds)
            for row, i in rows:
                box = drafts[i].box
                first = np.array([box.start])
                (logits,) = logits_at(answer.logits[row : row + 1], tiles, corner, first, box.shape, -MOST)
                drawn[i] = self._judged(drafts[i], logits, shapes[i], float(answer.iou[row]))
        self.n_drawn += len(drafts)
        self.n_by_shape += sum(mask is None for mask in drawn.values())
        return [shapes[i] if (mask := drawn[i]) is None else mask for i in range(len(drafts))]

    def _click(self, draft: Draft) -> Doubles:
        """Where the cell must be, in voxels: on the path between its observations, and inside of its shape."""
        place = place_of(draft, self.images.scale)
        local = np.floor(place + 0.5).astype(np.int64) - draft.box.start
        is_in_box = ((local >= 0) & (local < draft.box.shape)).all()
        if is_in_box and draft.depth[tuple(local)] > 0:
            return place
        deepest = np.unravel_index(np.argmax(draft.depth), draft.depth.shape)
        return np.asarray(np.array(deepest) + draft.box.start, dtype=np.float64)

    def _clicks(
        self, places: Doubles, some: Ints, frame: int, tiles: Tiles, corner: Ints
    ) -> tuple[Doubles, npt.NDArray[np.int64]]:
        """Points (p, k, 3) in voxels of a tile, and what they say (p, k): 1 the cell, 0 another one, -1 nothing.

        ``places`` of all missing cells of the frame, of which ``some`` are asked for.
        """
        um = self.images.scale.voxel_um
        others_um = np.concatenate([places * um, self.cells_um(frame)])
        k = min(self.settings.negatives + 1, len(others_um))
        away_um, near = cKDTree(others_um).query(places[some] * um, k=np.arange(1, k + 1))
        points = tiles.to_tile(np.concatenate([places[some][:, None], (others_um / um)[near]], axis=1), corner)
        is_inside = (np.abs(points[:, 1:] - (tiles.side - 1) / 2) <= tiles.side / 2).all(axis=2)
        is_off = is_inside & (near != some[:, None]) & (away_um > SAME_CELL * self.diameter_um)
        is_in = np.concatenate([np.ones((len(some), 1)), np.where(is_off, 0, -1)], axis=1).astype(np.int64)
        points[is_in < 0] = 0
        return points, is_in

    def _judged(self, draft: Draft, logits: Floats, shape: Floats, iou: float) -> Floats | None:
        """What the network and the shape agree on, as logits; None where that cannot be the cell."""
        if self.settings.min_iou and iou < self.settings.min_iou:
            return None
        share = np.float32(self.settings.shape_weight)
        blended = (1 - share) * np.clip(logits, -MOST, MOST) + share * shape
        return as_cell(blended.astype(np.float32), draft, self.images.scale)
