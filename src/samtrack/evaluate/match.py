"""Which object of the result is which object of the truth, one frame at a time.

The CTC's rule: a result object matches a truth object if it covers more than half of it. So a truth object has one
match or none, while a result object may match several truth objects. All arithmetic is in 64 bits: labels of 16-bit
masks are never added up in 16 bits, where they would wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

COVER = 0.5
"""Share of a truth object that its match must exceed (Matula et al. 2015, doi 10.1371/journal.pone.0144959)."""

CHUNK_VOXELS = 2**20
"""Voxels looked at at once: what is made of them beside the images takes some 20 MiB if no two neighbours are alike."""

CODE_BITS = 31
"""Labels of fewer bits than these are joined to one number per pair; pairs of larger ones are sorted by both."""


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
    """The same for images that come in parts; truth and result, part by part, each asked for once."""
    none = np.zeros(0, dtype=np.int64)
    counted = [(none, none, none)]
    counted += [_count_pairs(_require_labels(t), _require_labels(r)) for t, r in parts()]
    truth, result, count = _summed(*(np.concatenate(column) for column in zip(*counted, strict=True)))
    truth_labels, truth_size = _sizes(truth, count)
    result_labels, result_size = _sizes(result, count)
    both = (truth > 0) & (result > 0)
    row, column = np.searchsorted(truth_labels, truth[both]), np.searchsorted(result_labels, result[both])
    shared = count[both]
    covers = shared > COVER * truth_size[row]
    row, column, shared = row[covers], column[covers], shared[covers]
    iou = shared / (truth_size[row] + result_size[column] - shared)
    return FrameMatch(truth_labels, result_labels, truth_labels[row], result_labels[column], iou)


def _require_labels(part: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A part of an image as a flat array, if it can be one of labels."""
    if part.dtype.kind not in "iu":
        raise ValueError(f"labels must be integers, found {part.dtype}")
    flat = np.ascontiguousarray(part).reshape(-1)
    if flat.dtype.kind == "i" and flat.size and int(flat.min()) < 0:
        raise ValueError(f"labels must not be negative, found {int(flat.min())}")
    return flat


def _count_pairs(truth: npt.NDArray[Any], result: npt.NDArray[Any]) -> tuple[Ints, Ints, Ints]:
    """The distinct pairs of labels at one voxel, sorted, and how often each occurs.

    Equal neighbours, as along lines of cells and of background, are counted as one run.
    """
    is_new = np.ones(len(truth), dtype=np.bool_)
    is_new[1:] = (truth[1:] != truth[:-1]) | (result[1:] != result[:-1])
    start = np.flatnonzero(is_new)
    return _summed(truth[start].astype(np.int64), result[start].astype(np.int64), np.diff(start, append=len(truth)))


def _summed(truth: Ints, result: Ints, count: Ints) -> tuple[Ints, Ints, Ints]:
    """Counts of equal pairs as one, sorted by truth, then result."""
    if len(truth) == 0:
        return truth, result, count
    if max(int(truth.max()), int(result.max())) < 2**CODE_BITS:
        order = np.argsort((truth << CODE_BITS) | result, kind="stable")
    else:
        order = np.lexsort((result, truth))
    truth, result = truth[order], result[order]
    start = np.flatnonzero(np.r_[True, (truth[1:] != truth[:-1]) | (result[1:] != result[:-1])])
    return truth[start], result[start], np.add.reduceat(count[order], start)


def _sizes(label: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Labels, sorted and without background, and the voxels of each, from counts of pairs."""
    values, back = np.unique(label, return_inverse=True)
    sizes = np.zeros(len(values), dtype=np.int64)
    np.add.at(sizes, back, count)
    return values[values > 0], sizes[values > 0]


def _chunks(flat: npt.NDArray[Any]) -> Iterator[npt.NDArray[Any]]:
    return (flat[i : i + CHUNK_VOXELS] for i in range(0, len(flat), CHUNK_VOXELS))
