"""Where a network says that cells go, and where they came from: each is shown by its mask and carried into other frames.

Every cell of a frame is carried forward into the next frames and every cell of those back into it, so that both directions
can be compared. A frame of three axes goes through the same door in planes. What a pair of frames says depends on these two
frames alone and belongs to the block of the first, so results do not depend on how the movie is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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
from samtrack.models.sam2.pixels import normalised
from samtrack.models.sam2.windows import Lattice
from samtrack.types import Detections, Evidence, Frames, Scale, Span, Typical

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Carried

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

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

    def remember(self, picture: Any, labels: npt.NDArray[Any], label: npt.NDArray[Any], corner: Ints) -> Any:
        """What is remembered of known cells."""

    def carry(self, memories: Sequence[tuple[int, Any]], picture: Any, corner: Ints) -> Carried:
        """Remembered cells in another picture."""


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
        self._pixels: dict[int, npt.NDArray[np.float32]] = {}

    def forget_before(self, frame: int) -> None:
        """Let go of what no later pair needs."""
        self._labels.forget_before(frame)
        self._shelf.forget_before(frame)
        self._frames = {f: seen for f, seen in self._frames.items() if f >= frame}
        self._pixels = {f: seen for f, seen in self._pixels.items() if f >= frame}

    def both_ways(self, earlier: int, later: int) -> list[Evidence]:
        """What is said of the cells of two frames, each carried into the other; plane by plane, so that few are held."""
        one, other = self._frame(earlier), self._frame(later)
        pairs = ((one, other), (other, one))
        answers: dict[int, list[Answer]] = {earlier: [], later: []}
        for key in sorted({*one.groups, *other.groups}):
            for source, target in pairs:
                if key in source.groups:
                    answers[source.index].append(self._ask(source, target, source.groups[key]))
        return [evidence_of(source, target, answers[source.index], self._lattices) for source, target in pairs]

    def _frame(self, frame: int) -> Looked:
        if frame not in self._frames:
            cells = split_by_frame(self._detections, [frame])[frame]
            numbers = self._labels.read(frame, cells)
            numbers = numbers.reshape((*(1,) * (3 - numbers.ndim), *numbers.shape))
            profiles = {axis: profile_of(numbers, len(cells), axis) for axis in self._axes}
            planes = choose_planes(profiles, self._which)
            count = {axis: profile.count for axis, profile in profiles.items()}
            self._frames[frame] = Looked(frame, cells, numbers, count, planes, groups_of(planes))
        return self._frames[frame]

    def _plane(self, frame: int, axis: int, index: int) -> npt.NDArray[np.float32]:
        if frame not in self._pixels:
            image = normalised(self._images.read(frame))
            self._pixels[frame] = image.reshape((*(1,) * (3 - image.ndim), *image.shape))
        return _plane_of(self._pixels[frame], axis, index)

    def _picture(self, frame: int, axis: int, index: int) -> Any:
        def look() -> Any:
            return self._engine.look(self._plane(frame, axis, index), self._lattices[axis])

        return self._shelf.get((frame, ("picture", axis, index)), look, _bytes_of_picture)

    def _memory(self, frame: Looked, group: Group, corner: Ints) -> Any:
        def remember() -> Any:
            labels = _plane_of(frame.numbers, group.axis, group.index)
            picture = self._picture(frame.index, group.axis, group.index)
            return self._engine.remember(picture, labels, group.cell + 1, corner)

        return self._shelf.get((frame.index, ("memory", *group.key)), remember, _bytes_of_memory)

    def _ask(self, source: Looked, target: Looked, group: Group) -> Answer:
        """The cells of a group in the other frame, each in the plane where it is seen best."""
        axis, last = group.axis, source.numbers.shape[group.axis] - 1
        corner = self._engine.corners(self._picture(source.index, axis, group.index), group.centre)
        memory = self._memory(source, group, corner)
        steps = self._z_steps if axis == 0 else (0,)
        found = []
        for index in (group.index + step for step in steps if 0 <= group.index + step <= last):
            picture = self._picture(target.index, axis, index)
            ago = abs(target.index - source.index)
            found.append((index, self._engine.carry([(ago, memory)], picture, corner)))
        return best_answer(group, found, partial(_plane_of, target.numbers, axis))


def _plane_of(volume: npt.NDArray[Any], axis: int, index: int) -> npt.NDArray[Any]:
    return np.asarray(volume[(slice(None),) * axis + (index,)])


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
