"""Where a network says that cells go, and where they came from: each is shown by its mask and carried into other frames.

Every cell of a frame is carried forward into the next frames and every cell of those back into it, so that both directions
can be compared. A frame of three axes goes through the same door in planes. What a pair of frames says depends on these two
frames alone and belongs to the block of the first, so results do not depend on how the movie is cut.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from samtrack.config.link import LinkSettings
from samtrack.link.answers import Answer, Looked, best_answer, evidence_of
from samtrack.link.cells import split_by_frame
from samtrack.link.overlap import LabelStore
from samtrack.link.planes import AXES, Group, choose_planes, groups_of, profile_of
from samtrack.link.shelf import Shelf
from samtrack.models.sam2.pixels import GreyFrames
from samtrack.models.sam2.tasks import Known, Sought
from samtrack.models.sam2.windows import Lattice
from samtrack.types import Box, Detections, Evidence, Frames, Scale, Span, Typical

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Carried

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CELLS_PER_ROUND = 64
"""Cells of one pair of frames that are looked for together, if they lie in many planes: two calls on a CPU."""

SHELF_SHARE = 0.3
"""Share of the memory given that encoded planes and memories of cells may take; chunks of cells take half."""

Z_STEPS_PER_CELL = 4
"""A cell may have moved across z by its size over this: the planes looked at beside that in which it was."""


class Engine(Protocol):
    """What is asked of a `samtrack.models.sam2.adapter.Sam2Engine`."""

    @property
    def use(self) -> Any:
        """How it runs; ``use.memory_gb`` is what it may take."""

    def lattice(self, shape: tuple[int, int], cell_px: tuple[float, float]) -> Lattice:
        """The lattice of a plane in which a typical cell measures so many voxels along both axes."""

    def look(self, plane: npt.NDArray[np.float32], lattice: Lattice) -> Any:
        """Encode a plane."""

    def corners(self, picture: Any, centre: npt.NDArray[Any]) -> Ints:
        """Corners of the windows around places."""

    def remember_all(self, tasks: Sequence[Known]) -> Sequence[Any]:
        """What is remembered of known cells, task by task."""

    def carry_all(self, tasks: Sequence[Sought]) -> Sequence[Carried]:
        """Remembered cells in other pictures, task by task."""


def propagate_cells(
    engine: Engine,
    images: Frames,
    labels: Frames,
    detections: Detections,
    core: Span,
    typical: Typical,
    settings: LinkSettings,
) -> Iterator[Evidence]:
    """For each frame of a block's core, what the network says of it and the frames after it, in both directions.

    ``detections`` holds the frames from ``core.start`` to ``core.stop + propagate_frames`` (exclusive, as far as the movie
    goes); ``typical`` is of the whole movie.
    """
    carrier = _Carrier(engine, images, labels, detections, typical, settings)
    for frame in core.frames():
        found = []
        for later in range(frame + 1, min(frame + settings.propagate_frames, images.n_frames - 1) + 1):
            found += carrier.both_ways(frame, later)
        carrier.forget_before(frame + 1)
        yield Evidence.concatenate(found).ordered()


class _Carrier:
    """Carries the cells of frames, and holds what later pairs of frames need."""

    def __init__(
        self,
        engine: Engine,
        images: Frames,
        labels: Frames,
        detections: Detections,
        typical: Typical,
        settings: LinkSettings,
    ) -> None:
        self._engine, self._images, self._labels = engine, images, LabelStore(labels)
        self._detections = detections
        self._which = settings.propagate_planes if labels.scale.ndim == 3 else "largest"
        diameter_px = _diameter_px(typical, labels.scale)
        shape = (*(1,) * (3 - labels.scale.ndim), *labels.shape)
        self._axes = sorted(set(AXES[self._which]))
        self._lattices = {a: engine.lattice(_without(shape, a), _without(diameter_px, a)) for a in self._axes}
        step = max(1, round(diameter_px[0] / Z_STEPS_PER_CELL)) if shape[0] > 1 else 0
        self._z_steps = (0, -step, step) if step else (0,)
        self._shelf = Shelf(engine.use.memory_gb * 1e9 * SHELF_SHARE)
        self._frames: dict[int, Looked] = {}
        self._grey = GreyFrames(images, settings.propagate_frames + 1)

    def forget_before(self, frame: int) -> None:
        """Let go of what no later pair needs."""
        self._labels.forget_before(frame)
        self._shelf.forget_before(frame)
        self._frames = {f: seen for f, seen in self._frames.items() if f >= frame}
        self._grey.forget_before(frame)

    def both_ways(self, earlier: int, later: int) -> list[Evidence]:
        """What is said of the cells of two frames, each carried into the other; plane by plane, so that few are held."""
        one, other = self._frame(earlier), self._frame(later)
        pairs = ((one, other), (other, one))
        answers: dict[int, list[Answer]] = {earlier: [], later: []}
        asked: list[_Asked] = []
        for key in sorted({*one.groups, *other.groups}):
            asked += [_Asked(source, target, source.groups[key]) for source, target in pairs if key in source.groups]
            if sum(len(a.group.cell) for a in asked) >= CELLS_PER_ROUND:
                self._answer(asked, answers)
                asked = []
        self._answer(asked, answers)
        return [evidence_of(source, target, answers[source.index], self._lattices) for source, target in pairs]

    def _answer(self, asked: Sequence[_Asked], answers: Mapping[int, list[Answer]]) -> None:
        """Look for the groups' cells in the other frame, each in the plane where it is seen best."""
        corners = [self._engine.corners(self._picture(a.source.index, *a.group.plane), a.group.centre) for a in asked]
        memories = self._memories(asked, corners)
        where = [self._planes_to_search(a) for a in asked]
        sought = [
            Sought(
                [(abs(a.target.index - a.source.index), memory)],
                self._picture(a.target.index, a.group.axis, at),
                corner,
            )
            for a, memory, corner, planes in zip(asked, memories, corners, where, strict=True)
            for at in planes
        ]
        found = iter(self._engine.carry_all(sought) if sought else ())
        for a, planes in zip(asked, where, strict=True):
            seen = [(at, next(found)) for at in planes]
            labels_of = partial(a.target.plane_of, a.group.axis)
            answers[a.source.index].append(best_answer(a.group, seen, labels_of))

    def _planes_to_search(self, asked: _Asked) -> list[int]:
        """The plane of a group in the other frame, and those beside it where cells may have gone."""
        axis, at = asked.group.axis, asked.group.index
        steps = self._z_steps if axis == 0 else (0,)
        return [at + step for step in steps if 0 <= at + step < asked.source.shape[axis]]

    def _frame(self, frame: int) -> Looked:
        if frame not in self._frames:
            cells = split_by_frame(self._detections, [frame])[frame]
            read, shape = _as_volume(self._labels.read(frame, cells).read, self._labels.shape)
            profiles = {axis: profile_of(read, shape, len(cells), axis) for axis in self._axes}
            planes = choose_planes(profiles, self._which)
            count = {axis: profile.count for axis, profile in profiles.items()}
            plane_of = partial(_plane_in, read, shape)
            self._frames[frame] = Looked(frame, cells, plane_of, shape, count, planes, groups_of(planes))
        return self._frames[frame]

    def _plane(self, frame: int, axis: int, index: int) -> npt.NDArray[np.float32]:
        return _plane_in(*_as_volume(partial(self._grey.read, frame), self._images.shape), axis, index)

    def _picture(self, frame: int, axis: int, index: int) -> Any:
        def look() -> Any:
            return self._engine.look(self._plane(frame, axis, index), self._lattices[axis])

        return self._shelf.get((frame, ("picture", axis, index)), look, _bytes_of_picture)

    def _memories(self, asked: Sequence[_Asked], corners: Sequence[Ints]) -> list[Any]:
        """What is remembered of the groups: from the shelf, or made in shared calls and put there."""
        keys = [(a.source.index, ("memory", *a.group.key)) for a in asked]
        missing = [i for i, key in enumerate(keys) if not self._shelf.holds(key)]
        known = [
            Known(
                self._picture(asked[i].source.index, *asked[i].group.plane),
                asked[i].source.plane_of(*asked[i].group.plane),
                asked[i].group.cell + 1,
                corners[i],
            )
            for i in missing
        ]
        made = dict(zip(missing, self._engine.remember_all(known) if known else (), strict=True))
        return [self._shelf.get(key, lambda i=i: made[i], _bytes_of_memory) for i, key in enumerate(keys)]  # type: ignore[misc]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A group of cells of one frame that is looked for in another."""

    source: Looked
    target: Looked
    group: Group


def _as_volume(
    read: Callable[[Box], npt.NDArray[Any]], shape: tuple[int, ...]
) -> tuple[Callable[[Box], npt.NDArray[Any]], tuple[int, ...]]:
    """A frame that is read by box, and its shape, as a volume (z, y, x); one of two axes has one plane."""
    if len(shape) == 3:
        return read, shape
    return (lambda box: read(Box(box.start[1:], box.stop[1:]))[None]), (1, *shape)


def _plane_in(
    read: Callable[[Box], npt.NDArray[Any]], shape: tuple[int, ...], axis: int, index: int
) -> npt.NDArray[Any]:
    """One plane of a volume, across an axis."""
    start, stop = [0] * len(shape), list(shape)
    start[axis], stop[axis] = index, index + 1
    return np.asarray(read(Box(tuple(start), tuple(stop))).squeeze(axis))


def _diameter_px(typical: Typical, scale: Scale) -> tuple[float, float, float]:
    """Diameter of a typical cell in voxels along z, y and x; one plane along an axis that is not there."""
    along = 2 * typical.radius_um / scale.voxel_um
    z, y, x = (1.0, *along) if scale.ndim == 2 else along
    return float(z), float(y), float(x)


def _without(values: tuple[Any, ...], axis: int) -> tuple[Any, Any]:
    first, second = (value for i, value in enumerate(values) if i != axis)
    return first, second


def _bytes_of_picture(picture: Any) -> int:
    return sum(int(features.nbytes) for features in picture.maps)


def _bytes_of_memory(memory: Any) -> int:
    return sum(int(part.nbytes) for part in (memory.spatial, memory.pointer, memory.logits) if part is not None)
