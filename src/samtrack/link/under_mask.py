"""What lies under predicted masks: counted for all masks of a plane at once, at eight samples per token and axis."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.models.sam2.windows import Lattice, cut

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

SAMPLES = 8
"""Samples per token and axis at which masks and labels are compared: 2 model pixels, a thirtieth of a usual cell."""

MASKS_AT_ONCE = 256
"""Masks counted together: at 64 samples across they and their labels take 10 MB, which stay in the cache."""


@dataclass(frozen=True, slots=True)
class Hits:
    """Samples that masks share with cells: ``mask`` and ``cell`` (from 0) of each pair, and the ``count`` they share.

    ``predicted`` (n,): samples of each mask within the picture.
    """

    mask: Ints
    cell: Ints
    count: Ints
    predicted: Ints


def count_hits(logits: npt.NDArray[np.float32], plane: npt.NDArray[np.int32], lattice: Lattice, corner: Ints) -> Hits:
    """What masks (logits (n, 4w, 4w), positive inside) in windows of a plane of cell numbers (from 1; 0: none) lie on."""
    side = 2 * logits.shape[-1] // SAMPLES
    known = plane + 1  # 0 is left for what lies beyond the plane
    span = int(known.max(initial=1)) + 1
    codes, counts, predicted = [_NONE], [_NONE], [_NONE]
    for start in range(0, len(logits), MASKS_AT_ONCE):
        part = slice(start, start + MASKS_AT_ONCE)
        seen = cut(known, lattice, corner[part], side, SAMPLES)
        mask, *place = np.nonzero((doubled(logits[part]) > 0) & (seen > 0))
        found, count = np.unique((mask + start) * span + seen[mask, place[0], place[1]], return_counts=True)
        codes.append(found)
        counts.append(count)
        predicted.append(np.bincount(mask, minlength=len(seen)))
    code, count = np.concatenate(codes), np.concatenate(counts)
    on_cell = code % span > 1
    return Hits((code // span)[on_cell], (code % span)[on_cell] - 2, count[on_cell], np.concatenate(predicted))


def doubled(values: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Maps (n, h, w) with twice the samples along both axes, linear between, level at the rim."""
    for axis in (1, 2):
        values = _doubled_along(values, axis)
    return values


def _doubled_along(values: npt.NDArray[np.float32], axis: int) -> npt.NDArray[np.float32]:
    n = values.shape[axis]
    before = values.take(np.maximum(np.arange(n) - 1, 0), axis)
    after = values.take(np.minimum(np.arange(n) + 1, n - 1), axis)
    own = np.float32(0.75) * values
    pair: list[npt.NDArray[Any]] = [own + np.float32(0.25) * before, own + np.float32(0.25) * after]
    shape = list(values.shape)
    shape[axis] *= 2
    return np.stack(pair, axis=axis + 1).reshape(shape)


_NONE = np.zeros(0, dtype=np.int64)
