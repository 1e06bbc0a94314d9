"""Masks drawn by SAM-Med3D around points: a click in each cell, clicks off its neighbours.

The points say where cells are (`spots`); the network says where they end (`prompt_plan`). Voxels that several cells want
go to the highest logit (`claims`). A cell that the network does not see, or is not sure of, keeps its classical mask, or is
a ball where there is none: a cell with a point never vanishes without being counted. 3D only.

Legend: p cells; z, y, x: voxels of the windows around them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from samtrack.config.segment import Prompts3dSettings
from samtrack.models.sammed3d.mosaic import logits_at
from samtrack.segment.base import Labels, Tiling
from samtrack.segment.claims import Claims, piece_under
from samtrack.segment.prompt_plan import PromptPlan, plan_prompts
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.segment.spots import classical_spots, given_spots
from samtrack.types import Box, Frames, Scale

if TYPE_CHECKING:
    from samtrack.models.sammed3d.engine import SamMed3DEngine

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]
PointsUm = Callable[[int], npt.NDArray[np.float64]]
"""The points of a frame, (n, 3) in micrometres."""

REACH_DIAMETERS = 1.25
"""How far from its point a mask may reach along each axis, in cell diameters: a cell of twice the diameter with its point
somewhat off the middle."""

MOST_CELLS = 6.0
"""A mask larger than this many balls of the cell's diameter is no cell, as in the classical segmentation."""

SEED_LOGIT = 2.0
"""Logit of the voxels of a classical mask that is kept (odds of 7 to 1): a neighbour takes those it is surer of."""

BALL_LOGIT = 4.0
"""Logit in the middle of a ball that stands for a cell; it falls to 0 at the rim, so that two balls part halfway."""

OUTSIDE = -1.0
"""Logit where a tile does not reach: not of the cell."""

SIDE = 512
"""Largest part of a frame, along each axis, that is labelled at once; memory makes it smaller, the result is the same."""

BYTES_PER_VOXEL = 60
"""Peak memory per voxel of such a part, halo included: labels, logits, and the search for pieces where cells lie dense."""

AT_ONCE = 2**23
"""Voxels of windows that are looked at together: 32 MB for each of some five arrays."""


@dataclass(slots=True)
class Tally:
    """What became of the points: ``cells`` in all, ``kept`` drawn without the network, ``lost`` to their neighbours."""

    cells: int = 0
    kept: int = 0
    lost: int = 0

    def __str__(self) -> str:
        """For the stage's line."""
        return f"of {self.cells} points {self.kept} drawn without the network, {self.lost} lost to their neighbours"


@dataclass(slots=True)
class Drawing:
    """What is known of a frame: its plan, the windows in which masks may lie, and of which cells the fate is counted.

    ``first`` (n, 3): first voxels of the windows, which all have the shape ``size`` and lie inside of the frame.
    ``least_voxels`` (n,): smaller masks are none.
    """

    plan: PromptPlan
    first: Ints
    size: tuple[int, ...]
    least_voxels: npt.NDArray[np.float64]
    is_counted: Bools


@dataclass(frozen=True, slots=True)
class Prompts3dSegmenter:
    """The network around the points that ``seeds`` gives, for cells of ``diameter_um``."""

    settings: Prompts3dSettings
    seeds: SeedsSegmenter | PointsUm
    engine: SamMed3DEngine
    scale: Scale
    diameter_um: float
    memory_gb: float | None = None
    tally: Tally = field(default_factory=Tally)

    @property
    def tiling(self) -> Tiling:
        """Parts of a frame see all masks that reach into them, so a cell is right where its two reaches fit."""
        return Tiling(tuple(2 * r for r in self._reach_px), (1, 1, 1), (SIDE,) * 3, BYTES_PER_VOXEL)

    def frame_facts(self, images: Frames, frame: int) -> Drawing:
        """The points of the frame, and how the network will be shown them."""
        if isinstance(self.seeds, SeedsSegmenter):
            spots = classical_spots(self.seeds, images, frame, self.memory_gb)
        else:
            spots = given_spots(self.seeds(frame), images.scale.voxel_um)
        plan = plan_prompts(self.settings, self.engine, images, frame, self.diameter_um, spots)
        self.tally.cells += len(spots.point)
        size = tuple(min(2 * r + 1, n) for r, n in zip(self._reach_px, images.shape, strict=True))
        first = np.floor(spots.point + 0.5).astype(np.int64) - self._reach_px
        first = np.clip(first, 0, np.array(images.shape) - size)
        least = self._least_voxels(spots.point, images.shape)
        return Drawing(plan, first, size, least, np.zeros(len(first), dtype=np.bool_))

    def segment(self, image: npt.NDArray[Any], box: Box, facts: Drawing) -> Labels:
        """Labels of the voxels in ``box``: 1 + the number of the cell among the points of the frame."""
        plan, first, claims = facts.plan, facts.first, Claims(box)
        last = first + facts.size
        near = _all_axes((first < box.stop) & (last > box.start))
        unsure = [np.zeros(0, dtype=np.int64)]
        step = max(1, AT_ONCE // int(np.prod(facts.size)))
        for tile in np.unique(plan.tile[near]).tolist():
            rows = np.flatnonzero(near[plan.cells_of(tile)])
            unsure += [self._claim(claims, facts, tile, rows[at : at + step]) for at in range(0, len(rows), step)]
        kept = np.concatenate(unsure)
        if plan.spots.masks is not None:
            _claim_masks(claims, facts, kept)
        labels = claims.labels(in_one_piece=not self._as_seed)
        stays = np.bincount(labels.reshape(-1), minlength=len(near) + 1) >= np.r_[np.inf, facts.least_voxels]
        self._count(facts, _all_axes((first >= box.start) & (last <= box.stop)), kept, stays[1:])
        return np.where(stays, np.arange(len(stays)), 0).astype(np.uint32)[labels]

    def _claim(self, claims: Claims, facts: Drawing, tile: int, rows: Ints) -> Ints:
        """Claim for some cells of a tile what the network gives them; returns those of which it is not sure."""
        plan, size = facts.plan, facts.size
        answer, some = plan.answer(tile), plan.cells_of(tile)[rows]
        first = facts.first[some]
        logits = logits_at(answer.logits[rows], plan.tiles, plan.corner[some], first, size, OUTSIDE)
        if self._as_seed:
            masks, logits = logits > 0, np.ones_like(logits)  # all alike: the first come has it
            unsure = np.zeros(len(some), dtype=np.bool_)
        else:
            click = np.clip(np.floor(plan.spots.point[some] + 0.5).astype(np.int64) - first, 0, np.array(size) - 1)
            masks = piece_under(logits > 0, click)
            n_voxels = masks.sum(axis=(1, 2, 3))
            unsure = (n_voxels < facts.least_voxels[some]) | (n_voxels > MOST_CELLS * self._cell_voxels)
            if self.settings.min_iou:
                unsure |= answer.iou[rows] < self.settings.min_iou
            masks[unsure] = False
            if plan.spots.masks is None and unsure.any():
                logits[unsure] = self._balls(plan.spots.point[some[unsure]], first[unsure], size)
                masks[unsure] = logits[unsure] > 0
        row, *local = np.nonzero(masks)
        where = tuple(at + first[row, axis] for axis, at in enumerate(local))
        claims.add(where, logits[row, local[0], local[1], local[2]], some[row] + 1)
        return some[unsure]

    def _balls(self, point: npt.NDArray[np.float64], first: Ints, size: tuple[int, ...]) -> Floats:
        """Logits (p, z, y, x) of balls of the cell's diameter around points (p, 3)."""
        z, y, x = (
            ((first[:, axis, None] + np.arange(n) - point[:, axis, None]) * self.scale.um_per_voxel[axis]) ** 2
            for axis, n in enumerate(size)
        )
        away_um = np.sqrt(z[:, :, None, None] + y[:, None, :, None] + x[:, None, None, :])
        return (BALL_LOGIT * (1 - away_um / (self.diameter_um / 2))).astype(np.float32)

    def _count(self, facts: Drawing, whole: Bools, kept: Ints, stays: Bools) -> None:
        """Count the fate of the cells that are whole in this part of the frame, each once."""
        new = whole & ~facts.is_counted
        facts.is_counted |= whole
        was_kept = np.zeros_like(new)
        was_kept[kept] = True
        self.tally.lost += int(np.count_nonzero(new & ~stays))
        self.tally.kept += int(np.count_nonzero(new & stays & was_kept))

    @property
    def _as_seed(self) -> bool:
        return self.settings.compat == "seed"

    @property
    def _reach_px(self) -> tuple[int, ...]:
        """Voxels from a point within which its mask lies, per axis."""
        if self._as_seed:
            return (self.engine.side // 2,) * 3
        return tuple(int(np.ceil(REACH_DIAMETERS * self.diameter_um / um)) for um in self.scale.um_per_voxel)

    @property
    def _cell_voxels(self) -> float:
        """Voxels of a ball of the cell's diameter."""
        return float(np.pi / 6 * self.diameter_um**3 / self.scale.size_per_voxel)

    def _least_voxels(self, point: npt.NDArray[np.float64], shape: tuple[int, ...]) -> npt.NDArray[np.float64]:
        """Voxels of the smallest mask of each cell, (n,): less where the frame ends within a radius of its point.

        There a box as wide as the cell tells how much of it may be seen; the point lies in the part that is.
        """
        radius = self.diameter_um / 2 / self.scale.voxel_um
        below = np.minimum(point + 0.5, radius)
        above = np.minimum(np.array(shape) - 0.5 - point, radius)
        seen = (np.clip(below + above, 0, None) / (2 * radius)).prod(axis=1)
        return np.maximum(self.settings.min_size_fraction * self._cell_voxels * seen, 1.0)


def _claim_masks(claims: Claims, facts: Drawing, cells: Ints) -> None:
    """Claim for some cells their classical masks, as far as they lie in their windows."""
    plan = facts.plan
    assert plan.spots.masks is not None  # noqa: S101 - the caller looked
    voxel, cell = plan.spots.masks.voxels_of(cells)
    where = np.stack(np.unravel_index(voxel, plan.tiles.shape), axis=-1)
    local = where - facts.first[cell]
    inside = _all_axes((local >= 0) & (local < facts.size))
    where, cell = where[inside], cell[inside]
    claims.add(tuple(where.T), np.full(len(cell), SEED_LOGIT, dtype=np.float32), cell + 1)


def _all_axes(holds: npt.NDArray[np.bool_]) -> Bools:
    """Where something holds along all axes, (n,) of (n, 3)."""
    return np.asarray(holds.all(axis=1), dtype=np.bool_)
