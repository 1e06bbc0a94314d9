"""What a network answers about a frame's cells in another frame, plane by plane, and the table that it is summed to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from samtrack.link.cells import Cells
from samtrack.link.planes import Group, Planes
from samtrack.link.under_mask import SAMPLES, Hits, count_hits
from samtrack.models.sam2.windows import Lattice
from samtrack.types import Evidence
from samtrack.types.evidence import ROUNDING

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Carried

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Looked:
    """A frame as it is looked at: its cells, planes of cell numbers, its shape, voxels per cell and plane.

    ``plane_of``: the cell numbers in the plane of an index across an axis of the volume (z, y, x).
    """

    index: int
    cells: Cells
    plane_of: Callable[[int, int], npt.NDArray[np.int32]]
    shape: tuple[int, ...]
    count: Mapping[int, Ints]
    planes: Planes
    groups: Mapping[tuple[int, int, int], Group]


@dataclass(frozen=True, slots=True)
class Answer:
    """What was said of one group: of each of its cells the plane it was found in, with the scores there; and the hits."""

    group: Group
    plane: Ints
    object_logit: Floats
    iou: Floats
    hits: Hits


def best_answer(
    group: Group, found: Sequence[tuple[int, Carried]], labels_of: Callable[[int], npt.NDArray[np.int32]]
) -> Answer:
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
    return Answer(group, plane, object_logit, iou, Hits(mask, cell, count, predicted))


def evidence_of(source: Looked, target: Looked, answers: Sequence[Answer], lattices: Mapping[int, Lattice]) -> Evidence:
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


def _samples_of(frame: Looked, axis: int, cell: Ints, plane: Ints, lattice: Lattice) -> Floats:
    """Area of cells in planes (-1: not looked at), in the samples that predictions are counted in."""
    voxels = np.where(plane >= 0, frame.count[axis][cell, np.maximum(plane, 0)], 0)
    sample_px = lattice.token_px / SAMPLES
    return voxels * (lattice.zoom[0] * lattice.zoom[1] / sample_px**2)


def _rounded(values: Floats) -> Floats:
    return np.asarray(np.round(values / ROUNDING) * ROUNDING)


def _sigmoid(logit: npt.NDArray[np.float32]) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit.astype(np.float64))))


_NONE = np.zeros(0, dtype=np.int64)
