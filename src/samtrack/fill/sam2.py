"""Masks of missing cells as SAM 2 sees them: the true masks on both sides of a gap, carried into the missing frame.

Each side is remembered in a window around the cell and looked for in a window around its interpolated place, moved by
whole tokens so that the cell lies alike in both. The logits of both sides are averaged on the voxels, the nearer side and
the one that sees the cell counting more, and blended with the interpolated shape. How much the shape counts is judged by
what can be known: each side is carried past the missing frame, too, onto the mask at the other side. Where the answer
cannot be the cell (absent, of an odd size, far off) the shape alone is drawn.

Legend: h, w: voxels of a draft's box along y and x; z: its slices, 1 in 2D.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from samtrack.config.fill import Sam2FillSettings
from samtrack.fill.carries import Carry, Side, View, carries_of, corners_alike, paint
from samtrack.fill.gaps import Draft
from samtrack.fill.judged import MOST, as_cell, shape_logits
from samtrack.fill.trust import Crossing, shape_share
from samtrack.models.sam2.crops import crops_around, logits_at
from samtrack.models.sam2.pixels import GreyFrames
from samtrack.types import Box, Frames

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Carried, Picture, Sam2Engine
    from samtrack.models.sam2.network import Memory
    from samtrack.models.sam2.windows import Ints

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

ABSENT_SHARE = 0.02
"""Least weight of a side that does not see the cell, so that two such sides still have an average."""

REACH_DIAMETERS = 0.5
"""How far beyond the interpolated shape's box a mask may reach, in typical diameters."""

FRAMES_KEPT = 3
"""Images kept, normalised: the missing frame and those on both sides of it."""

SHARE_FOR_PICTURES = 0.25
"""Share of the engine's memory that encoded planes may take."""


CROP_WINDOWS = 2
"""Side of the part of a plane that is encoded for a lone cell, in windows: what an encoder sees around one is enough."""


SIDES = ("source", "target", "across")
"""The planes that a carry looks at: where the cell is known, where it is missing, and where it is known again."""

Views = tuple[View, View, View]
"""What is encoded of each of them."""


@dataclass(frozen=True, slots=True)
class _Known:
    """Cells as they are remembered from one picture: their windows' corners, their places and the memory of them."""

    picture: Picture
    corner: Ints
    centre: Doubles
    memory: Memory
    frame: int


@dataclass(slots=True)
class _Sum:
    """Logits (z, h, w) of a draft's voxels, their weights (z,), and the IoU expected, summed over carries.

    ``crossing``: how well the network finds the observations on the other side.
    """

    logits: Floats
    weight: Doubles
    iou: float = 0.0
    is_present: bool = False
    crossing: Crossing = field(default_factory=Crossing)


@dataclass(slots=True)
class Sam2Drawer:
    """Draws the missing masks of a frame with an engine. ``n_drawn`` counts them, ``n_by_shape`` those the shape replaced.

    ``open_engine`` is called when the first mask is asked for: most blocks of most movies lack few or none.
    ``cell_px`` is the diameter of a typical cell in voxels along y and x.
    """

    open_engine: Callable[[], Sam2Engine]
    images: Frames
    settings: Sam2FillSettings
    cell_px: tuple[float, float]
    n_drawn: int = 0
    n_by_shape: int = 0
    _engine: Sam2Engine | None = None
    _grey: GreyFrames | None = None
    _pictures: OrderedDict[View, Picture] = field(default_factory=OrderedDict)

    @property
    def reach_px(self) -> tuple[int, ...]:
        """Voxels around the interpolated shape in which a mask may lie; none along z."""
        return (0,) * (len(self.images.shape) - 2) + tuple(int(np.ceil(REACH_DIAMETERS * c)) for c in self.cell_px)

    @property
    def engine(self) -> Sam2Engine:
        """The engine, opened once."""
        if self._engine is None:
            self._engine = self.open_engine()
        return self._engine

    def redraw(self, drafts: Sequence[Draft]) -> list[Floats]:
        """Depths of the drafts of one frame, as logits: above 0 inside."""
        sums = [_empty_sum(draft.box.shape) for draft in drafts]
        planes = defaultdict(list)
        for i, draft in enumerate(drafts):
            for carry in carries_of(i, draft, self.images.scale):
                planes[carry.source[:2], carry.target[:2]].append(carry)
        for _, carries in sorted(planes.items()):
            for views, some in self._viewed(carries):
                self._carry(views, some, drafts, sums)
        drawn = [self._judged(draft, found) for draft, found in zip(drafts, sums, strict=True)]
        self.n_drawn += len(drawn)
        self.n_by_shape += sum(mask is None for mask in drawn)
        return [
            shape_logits(draft, self.images.scale) if depth is None else depth
            for draft, depth in zip(drafts, drawn, strict=True)
        ]

    def _viewed(self, carries: list[Carry]) -> Iterator[tuple[Views, list[Carry]]]:
        """Carries between the same frames, by the parts of these that are encoded for them."""
        groups = defaultdict(list)
        views = [self._views([getattr(carry, side) for carry in carries]) for side in SIDES]
        for source, target, across, carry in zip(*views, carries, strict=True):
            groups[source, target, across].append(carry)
        yield from groups.items()

    def _views(self, sides: list[Side]) -> list[View]:
        """What is encoded of one plane for each of some cells."""
        engine = self.engine
        lattice = engine.lattice(self._plane_shape, self.cell_px)
        boxes = crops_around(np.array([s.centre for s in sides]), lattice, engine.side, CROP_WINDOWS * engine.side)
        return [View(s.frame, s.plane, box) for s, box in zip(sides, boxes, strict=True)]

    def _carry(self, views: Views, carries: list[Carry], drafts: Sequence[Draft], sums: list[_Sum]) -> None:
        """Cells remembered in one view and looked for in others; what is seen is added to the sums of their drafts."""
        source, target, across = views
        engine, before = self.engine, self._picture(source)
        there = np.array([c.source.centre - source.box.start for c in carries])
        corner = engine.corners(before, there)
        memory = engine.remember(before, paint(source, carries), np.arange(1, len(carries) + 1), corner)
        known = _Known(before, corner, there, memory, source.frame)
        seen = self._seen(known, target, [c.target.centre for c in carries])
        present = 1 / (1 + np.exp(-np.clip(seen.object_logit, -MOST, MOST)))
        for row, carry in enumerate(carries):
            weight = carry.weight * max(float(present[row]), ABSENT_SHARE)
            total, box = sums[carry.draft], drafts[carry.draft].box
            z = target.plane - box.start[0] if len(box.shape) == 3 else 0
            total.logits[z] += np.float32(weight) * _on_box(seen, row, target.box, box)
            total.weight[z] += weight
            total.iou += weight * float(seen.iou[row])
            total.is_present |= bool(seen.object_logit[row] > 0)
        if self.settings.shape_weight == "auto":
            seen = self._seen(known, across, [c.across.centre for c in carries])
            for row, carry in enumerate(carries):
                true, box = carry.on_other_side(self.reach_px[-2:], self._plane_shape)
                sums[carry.draft].crossing.add(_on_box(seen, row, across.box, box) > 0, true)

    def _seen(self, known: _Known, view: View, centres: list[Doubles]) -> Carried:
        """Cells that are known in one picture looked for around their places in another."""
        engine, now = self.engine, self._picture(view)
        here = np.array([centre - view.box.start for centre in centres])
        moved = corners_alike(known.picture.lattice, known.centre, known.corner, here)
        moved = np.clip(moved, 0, np.array(now.tokens) - engine.side)
        return engine.carry([(abs(view.frame - known.frame), known.memory)], now, moved)

    def _judged(self, draft: Draft, found: _Sum) -> Floats | None:
        """The mask that the carries agree on, as logits; None where it cannot be the cell."""
        weight = found.weight.sum()
        if not found.is_present or found.iou < self.settings.min_iou * weight:
            return None
        there = found.weight > 0
        logits = np.full_like(found.logits, -MOST)
        logits[there] = found.logits[there] / found.weight[there, None, None].astype(np.float32)
        logits = logits.reshape(draft.box.shape)
        set_to = self.settings.shape_weight
        share = np.float32(shape_share(found.crossing, draft.around) if set_to == "auto" else set_to)
        blended = (1 - share) * logits + share * shape_logits(draft, self.images.scale)
        return as_cell(blended, draft, self.images.scale)

    @property
    def _plane_shape(self) -> tuple[int, int]:
        return self.images.shape[-2], self.images.shape[-1]

    def _plane(self, view: View) -> Floats:
        """The pixels of a view, from 0 to 1."""
        if self._grey is None:
            self._grey = GreyFrames(self.images, FRAMES_KEPT)
        if len(self.images.shape) == 2:
            return self._grey.read(view.frame, view.box)
        box = Box((view.plane, *view.box.start), (view.plane + 1, *view.box.stop))
        return self._grey.read(view.frame, box)[0]

    def _picture(self, view: View) -> Picture:
        """A view, encoded; each once, as long as the memory for pictures lasts."""
        if view not in self._pictures:
            plane = self._plane(view)
            lattice = self.engine.lattice((plane.shape[0], plane.shape[1]), self.cell_px)
            self._pictures[view] = self.engine.look(plane, lattice)
        self._pictures.move_to_end(view)
        most = SHARE_FOR_PICTURES * self.engine.use.memory_gb * 1e9
        while len(self._pictures) > 2 and sum(m.nbytes for p in self._pictures.values() for m in p.maps) > most:
            self._pictures.popitem(last=False)
        return self._pictures[view]


def _empty_sum(shape: tuple[int, ...]) -> _Sum:
    planes = shape if len(shape) == 3 else (1, *shape)
    return _Sum(np.zeros(planes, dtype=np.float32), np.zeros(planes[0]))


def _on_box(seen: Carried, row: int, view: Box, box: Box) -> Floats:
    """The clipped logits of one cell on the voxels of its draft's box, (h, w)."""
    start = np.array([box.start[-2:]]) - view.start
    found = logits_at(
        seen.logits[row : row + 1], seen.lattice, seen.corner[row : row + 1], start, box.shape[-2:], -MOST
    )
    return np.clip(found[0], -MOST, MOST)
