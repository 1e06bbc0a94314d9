"""Which object of the result is which object of the truth, one frame at a time.

The CTC's rule: a result object matches a truth object if it covers more than half of it. So a truth object has one
match or none, while a result object may match several truth objects. All arithmetic is in 64 bits: labels of 16-bit
masks are never added up in 16 bits, where they would wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COVER = 0.5
"""Share of a truth object that its match must exceed (Matula et al. 2015, doi 10.1371/journal.pone.0144959)."""

CHUNK_VOXELS = 2**22
"""Voxels tallied at once: 32 MiB as 64-bit numbers, so that a volume never has a wide copy of itself."""

DENSE_CODES = 2**24
"""Largest number of distinct labels that are counted in a table (128 MiB) instead of by sorting."""

DENSE_PAIRS = 2**20
"""Largest number of pairs of labels that are counted in a table (8 MiB): it grows with the square of the cells."""


@dataclass(frozen=True, slots=True)
class FrameMatch:
    """Labels present in the truth and in the result of one frame (sorted), and the pairs that match, with their IoU."""

    truth: Ints
    result: Ints
    matched_truth: Ints
    matched_result: Ints
    iou: Floats


def match_frame(truth: npt.NDArray[Any], result: npt.NDArray[Any]) -> FrameMatch:
    """Match two label images of one shape; 0 is background."""
    if truth.shape != result.shape:
        raise ValueError(f"the result has shape {result.shape}, the truth {truth.shape}")
    flat_truth, flat_result = np.ascontiguousarray(truth).reshape(-1), np.ascontiguousarray(result).reshape(-1)
    return match_parts(lambda: zip(_chunks(flat_truth), _chunks(flat_result), strict=True))


def match_parts(parts: Callable[[], Iterable[tuple[npt.NDArray[Any], npt.NDArray[Any]]]]) -> FrameMatch:
    """The same for images that come in parts, of which two rounds are asked for; truth and result, part by part."""
    sides = (_Tally(), _Tally())
    for pair in parts():
        for side, part in zip(sides, pair, strict=True):
            side.add(part)
    (truth_labels, truth_size), (result_labels, result_size) = sides[0].found(), sides[1].found()
    row, column, shared = _overlaps(parts(), truth_labels, result_labels)
    covers = shared > COVER * truth_size[row]
    row, column, shared = row[covers], column[covers], shared[covers]
    iou = shared / (truth_size[row] + result_size[column] - shared)
    return FrameMatch(truth_labels, result_labels, truth_labels[row], result_labels[column], iou)


def tally(labels: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """The labels of an image (sorted, without background) and the number of voxels of each."""
    every = _Tally()
    for part in _chunks(labels.reshape(-1)):
        every.add(part)
    return every.found()


class _Tally:
    """Counts voxels by label; small labels in a table that grows, others by sorting."""

    def __init__(self) -> None:
        self._table = np.zeros(1, dtype=np.int64)
        self._sorted: list[tuple[Ints, Ints]] = []

    def add(self, part: npt.NDArray[Any]) -> None:
        """Count the voxels of a part."""
        if part.dtype.kind not in "iu":
            raise ValueError(f"labels must be integers, found {part.dtype}")
        flat = part.reshape(-1)
        if flat.size and int(flat.min()) < 0:
            raise ValueError(f"labels must not be negative, found {int(flat.min())}")
        if int(flat.max(initial=0)) >= DENSE_CODES:
            values, counts = np.unique(flat, return_counts=True)
            self._sorted.append((values.astype(np.int64), counts))
            return
        few = np.bincount(flat)
        if len(few) > len(self._table):
            self._table = np.pad(self._table, (0, len(few) - len(self._table)))
        self._table[: len(few)] += few

    def found(self) -> tuple[Ints, Ints]:
        """Labels (sorted, without background) and counts."""
        values, counts = np.flatnonzero(self._table), self._table[self._table > 0]
        if self._sorted:
            values, counts = _summed([(values, counts), *self._sorted])
        return (values[1:], counts[1:]) if len(values) and values[0] == 0 else (values, counts)


def _overlaps(
    parts: Iterable[tuple[npt.NDArray[Any], npt.NDArray[Any]]], truth_labels: Ints, result_labels: Ints
) -> tuple[Ints, Ints, Ints]:
    """Indices of the truth and result labels that share voxels, and how many they share; sorted by the former."""
    width = max(len(result_labels), 1)

    def codes() -> Iterator[Ints]:
        for t, r in parts:
            both = (t > 0) & (r > 0)
            rows, columns = np.searchsorted(truth_labels, t[both]), np.searchsorted(result_labels, r[both])
            yield rows * width + columns

    code, shared = _count(codes(), len(truth_labels) * width)
    return code // width, code % width, shared


def _chunks(flat: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    return (flat[i : i + CHUNK_VOXELS] for i in range(0, len(flat), CHUNK_VOXELS))


def _count(chunks: Iterable[Ints], n_codes: int) -> tuple[Ints, Ints]:
    """The distinct numbers (all below ``n_codes``) in an iterable of arrays, sorted, and how often each occurs."""
    if n_codes <= DENSE_PAIRS:
        table = np.zeros(n_codes, dtype=np.int64)
        for chunk in chunks:
            few = np.bincount(chunk)
            table[: len(few)] += few
        return np.flatnonzero(table), table[table > 0]
    return _summed([_counted_by_run(chunk) for chunk in chunks])


def _counted_by_run(codes: Ints) -> tuple[Ints, Ints]:
    """Distinct numbers and how often each occurs: equal neighbours, as along lines of cells, are sorted as one."""
    start = np.flatnonzero(np.diff(codes, prepend=-1))
    values, back = np.unique(codes[start], return_inverse=True)
    counts = np.zeros(len(values), dtype=np.int64)
    np.add.at(counts, back, np.diff(start, append=len(codes)))
    return values, counts


def _summed(parts: Sequence[tuple[Ints, Ints]]) -> tuple[Ints, Ints]:
    """Values and counts of several parts as one, sorted."""
    values, back = np.unique(np.concatenate([p[0] for p in parts]), return_inverse=True)
    counts = np.zeros(len(values), dtype=np.int64)
    np.add.at(counts, back, np.concatenate([p[1] for p in parts]))
    return values, counts
