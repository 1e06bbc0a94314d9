"""Which object of the result is which object of the truth, one frame at a time.

The CTC's rule: a result object matches a truth object if it covers more than half of it. So a truth object has one
match or none, while a result object may match several truth objects. All arithmetic is in 64 bits: labels of 16-bit
masks are never added up in 16 bits, where they would wrap.
"""

from __future__ import annotations

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
"""Largest number of distinct codes that are counted in a table (128 MiB) instead of by sorting."""


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
    truth_labels, truth_size = tally(flat_truth)
    result_labels, result_size = tally(flat_result)
    row, column, shared = _overlaps(flat_truth, flat_result, truth_labels, result_labels)
    covers = shared > COVER * truth_size[row]
    row, column, shared = row[covers], column[covers], shared[covers]
    iou = shared / (truth_size[row] + result_size[column] - shared)
    return FrameMatch(truth_labels, result_labels, truth_labels[row], result_labels[column], iou)


def tally(labels: npt.NDArray[Any]) -> tuple[Ints, Ints]:
    """The labels of an image (sorted, without background) and the number of voxels of each."""
    if labels.dtype.kind not in "iu":
        raise ValueError(f"labels must be integers, found {labels.dtype}")
    flat = labels.reshape(-1)
    if flat.size and int(flat.min()) < 0:
        raise ValueError(f"labels must not be negative, found {int(flat.min())}")
    values, counts = _count(_chunks(flat), int(flat.max(initial=0)) + 1)
    return (values[1:], counts[1:]) if len(values) and values[0] == 0 else (values, counts)


def _overlaps(
    truth: npt.NDArray[Any], result: npt.NDArray[Any], truth_labels: Ints, result_labels: Ints
) -> tuple[Ints, Ints, Ints]:
    """Indices of the truth and result labels that share voxels, and how many they share; sorted by the former."""
    width = max(len(result_labels), 1)

    def codes() -> Any:
        for t, r in zip(_chunks(truth), _chunks(result), strict=True):
            both = (t > 0) & (r > 0)
            rows, columns = np.searchsorted(truth_labels, t[both]), np.searchsorted(result_labels, r[both])
            yield rows * width + columns

    code, shared = _count(codes(), len(truth_labels) * width)
    return code // width, code % width, shared


def _chunks(flat: npt.NDArray[Any]) -> Any:
    return (flat[i : i + CHUNK_VOXELS] for i in range(0, len(flat), CHUNK_VOXELS))


def _count(chunks: Any, n_codes: int) -> tuple[Ints, Ints]:
    """The distinct numbers (all below ``n_codes``) in an iterable of arrays, sorted, and how often each occurs."""
    if n_codes <= DENSE_CODES:
        table = np.zeros(n_codes, dtype=np.int64)
        for chunk in chunks:
            few = np.bincount(chunk)
            table[: len(few)] += few
        return np.flatnonzero(table), table[table > 0]
    parts = [np.unique(chunk.astype(np.int64), return_counts=True) for chunk in chunks]
    values, back = np.unique(np.concatenate([p[0] for p in parts]), return_inverse=True)
    counts = np.zeros(len(values), dtype=np.int64)
    np.add.at(counts, back, np.concatenate([p[1] for p in parts]))
    return values, counts
