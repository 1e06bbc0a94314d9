"""Where a network says that cells go, and where they came from: each is shown by its mask and carried into other frames.

Every cell of a frame is carried forward into the next frames and every cell of those back into it, so that both directions
can be compared. A frame of three axes goes through the same door in planes. What a pair of frames says depends on these two
frames alone and belongs to the block of the first, so results do not depend on how the movie is cut.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt

from samtrack.config.link import LinkSettings
from samtrack.link.cells import Cells, split_by_frame
from samtrack.link.overlap import LabelStore
from samtrack.link.planes import AXES, Planes, choose_planes, profile_of
from samtrack.link.shelf import Shelf
from samtrack.link.under_mask import SAMPLES, Hits, count_hits
from samtrack.models.sam2.pixels import normalised
from samtrack.models.sam2.windows import Lattice
from samtrack.types import Detections, Evidence, Frames, Scale, Span, Typical
from samtrack.types.evidence import ROUNDING

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Carried

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SHELF_SHARE = 0.3
"""Share of the memory given that encoded planes and memories of cells may take; chunks of cells take half."""

CELLS_AT_ONCE = 1024
"""Cells whose memories lie on the shelf as one thing: at 16 tokens across they take about 50 MB."""

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


@dataclass(frozen=True, slots=True)
class _Group:
    """Cells of a frame that are looked at in one plane: their places among the cells, and the column of their planes."""

    axis: int
    index: int
    part: int
    cell: Ints
    column: Ints
    centre: Floats

    @property
    def key(self) -> tuple[int, int, int]:
        """What the group is called."""
        return self.axis, self.index, self.part


@dataclass(frozen=True, slots=True)
class _Frame:
    """A frame as it is looked at: its cells, numbers of cells in a volume (z, y, x), voxels per cell and plane."""

    index: int
    cells: Cells
    numbers: npt.NDArray[np.int32]
    count: Mapping[int, Ints]
    planes: Planes
    groups: Mapping[tuple[int, int, int], _Group]


@dataclass(frozen=True, slots=True)
class _Answer:
    """What was said of one group: of each of its cells the plane it was found in, with the scores there; and the hits."""

    group: _Group
    plane: Ints
    object_logit: Floats
    iou: Floats
    hits: Hits


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
        self._frames: dict[int, _Frame] = {}
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
        answers: dict[int, list[_Answer]] = {earlier: [], later: []}
        for key in sorted({*one.groups, *other.groups}):
            for source, target in pairs:
                if key in source.groups:
                    answers[source.index].append(self._ask(source, target, source.groups[key]))
        return [_evidence(source, target, answers[source.index], self._lattices) for source, target in pairs]

    def _frame(self, frame: int) -> _Frame:
        if frame not in self._frames:
            cells = split_by_frame(self._detections, [frame])[frame]
            numbers = self._labels.read(frame, cells)
            numbers = numbers.reshape((*(1,) * (3 - numbers.ndim), *numbers.shape))
            profiles = {axis: profile_of(numbers, len(cells), axis) for axis in self._axes}
            planes = choose_planes(profiles, self._which)
            count = {axis: profile.count for axis, profile in profiles.items()}
            self._frames[frame] = _Frame(frame, cells, numbers, count, planes, _groups(planes))
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

    def _memory(self, frame: _Frame, group: _Group, corner: Ints) -> Any:
        def remember() -> Any:
            labels = _plane_of(frame.numbers, group.axis, group.index)
            picture = self._picture(frame.index, group.axis, group.index)
            return self._engine.remember(picture, labels, group.cell + 1, corner)

        return self._shelf.get((frame.index, ("memory", *group.key)), remember, _bytes_of_memory)

    def _ask(self, source: _Frame, target: _Frame, group: _Group) -> _Answer:
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
        return _best(group, found, partial(_plane_of, target.numbers, axis))


def _plane_of(volume: npt.NDArray[Any], axis: int, index: int) -> npt.NDArray[Any]:
    return np.asarray(volume[(slice(None),) * axis + (index,)])


def _best(group: _Group, found: Sequence[tuple[int, Carried]], labels_of: Any) -> _Answer:
    """Of the planes in which cells were looked for, the one in which each is most surely seen; and what is under it."""
    score = np.stack([_sigmoid(carried.object_logit) * carried.iou for _, carried in found])
    chosen = np.round(score / ROUNDING).argmax(axis=0)
    row = np.arange(len(chosen))
    object_logit = np.stack([carried.object_logit for _, carried in found])[chosen, row]
    iou = np.stack([carried.iou for _, carried in found])[chosen, row]
    predicted = np.zeros(len(chosen), dtype=np.int64)
    parts: list[list[Ints]] = [[], [], []]
    for i, (index, carried) in enumerate(found):
        some = np.flatnonzero(chosen == i)
        hits = count_hits(carried.logits[some], labels_of(index), carried.lattice, carried.corner[some])
        predicted[some] = hits.predicted
        for column, values in zip(parts, (some[hits.mask], hits.cell, hits.count), strict=True):
            column.append(values)
    mask, cell, count = (np.concatenate(column) for column in parts)
    plane = np.array([index for index, _ in found], dtype=np.int64)[chosen]
    return _Answer(group, plane, object_logit, iou, Hits(mask, cell, count, predicted))


def _evidence(source: _Frame, target: _Frame, answers: Sequence[_Answer], lattices: Mapping[int, Lattice]) -> Evidence:
    """The answers to all planes of the source's cells, summed cell by cell."""
    n, n_target = len(source.cells), max(len(target.cells), 1)
    predicted, asked, sums = np.zeros(n), np.zeros(n), np.zeros((n, 2))
    plane = np.full(source.planes.index.shape, -1)
    code, count = [_NONE], [_NONE]
    for answer in answers:
        cell = answer.group.cell
        plane[cell, answer.group.column] = answer.plane
        np.add.at(predicted, cell, answer.hits.predicted)
        np.add.at(asked, cell, 1)
        np.add.at(sums, cell, np.stack([answer.object_logit, answer.iou], axis=1))
        code.append(cell[answer.hits.mask] * n_target + answer.hits.cell)
        count.append(answer.hits.count)
    pair, where = np.unique(np.concatenate(code), return_inverse=True)
    overlap = np.bincount(where, weights=np.concatenate(count), minlength=len(pair))
    missed = np.setdiff1d(np.flatnonzero(asked), pair // n_target)
    a = np.concatenate([pair // n_target, missed])
    b = pair % n_target
    size = np.zeros(len(pair))
    for v, axis in enumerate(source.planes.axis):
        size += _samples_of(target, axis, b, plane[pair // n_target, v], lattices[axis])
    nothing = np.zeros(len(missed))
    object_logit, iou = _rounded(sums[a].T / np.maximum(asked[a], 1))
    return Evidence(
        source=source.cells.row[a],
        target=np.concatenate([target.cells.row[b], np.full(len(missed), -1)]),
        target_frame=np.full(len(a), target.index),
        overlap=np.concatenate([overlap, nothing]),
        predicted=predicted[a],
        target_size=np.concatenate([_rounded(size), nothing]),
        object_logit=object_logit,
        iou=iou,
    )


def _samples_of(frame: _Frame, axis: int, cell: Ints, plane: Ints, lattice: Lattice) -> Floats:
    """Area of cells in planes (-1: not looked at), in the samples that predictions are counted in."""
    voxels = np.where(plane >= 0, frame.count[axis][cell, np.maximum(plane, 0)], 0)
    sample_px = lattice.token_px / SAMPLES
    return voxels * (lattice.zoom[0] * lattice.zoom[1] / sample_px**2)


def _groups(planes: Planes) -> dict[tuple[int, int, int], _Group]:
    """The cells of a frame by the plane in which they are looked at, at most `CELLS_AT_ONCE` together."""
    axes, found = np.array(planes.axis), {}
    cell, column = np.nonzero(planes.is_real)
    index = planes.index[cell, column]
    order = np.lexsort((column, cell, index, axes[column]))
    cell, column, index = cell[order], column[order], index[order]
    starts = np.flatnonzero(np.diff(axes[column] * (index.max(initial=0) + 1) + index, prepend=-1))
    for start, stop in pairwise([*starts, len(cell)]):
        for part, at in enumerate(range(start, stop, CELLS_AT_ONCE)):
            some = slice(at, min(at + CELLS_AT_ONCE, stop))
            centre = planes.centre[cell[some], column[some]]
            group = _Group(int(axes[column[at]]), int(index[at]), part, cell[some], column[some], centre)
            found[group.key] = group
    return found


def _diameter_px(typical: Typical, scale: Scale) -> tuple[float, float, float]:
    """Diameter of a typical cell in voxels along z, y and x; one plane along an axis that is not there."""
    along = 2 * typical.radius_um / scale.voxel_um
    z, y, x = (1.0, *along) if scale.ndim == 2 else along
    return float(z), float(y), float(x)


def _without(values: tuple[Any, ...], axis: int) -> tuple[Any, Any]:
    first, second = (value for i, value in enumerate(values) if i != axis)
    return first, second


def _rounded(values: Any) -> Floats:
    return np.asarray(np.round(np.asarray(values, dtype=np.float64) / ROUNDING) * ROUNDING)


def _sigmoid(logit: npt.NDArray[np.float32]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit.astype(np.float64))))


def _bytes_of_picture(picture: Any) -> int:
    return sum(int(features.nbytes) for features in picture.maps)


def _bytes_of_memory(memory: Any) -> int:
    return sum(int(part.nbytes) for part in (memory.spatial, memory.pointer, memory.logits) if part is not None)


_NONE = np.zeros(0, dtype=np.int64)
