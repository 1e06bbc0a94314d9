"""Label algebra: the numbers of a label image exchanged for others."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

DENSE_LIMIT = 2**24
"""Largest label for which a look-up table is made (64 MiB); above it labels are searched, which is slower."""


def relabelled(
    labels: npt.NDArray[Any], old: npt.NDArray[Any], new: npt.NDArray[Any], dtype: npt.DTypeLike = np.uint32
) -> npt.NDArray[Any]:
    """A label image in which each label ``old[i]`` became ``new[i]``; every other one, and 0, became 0."""
    order = np.argsort(old, kind="stable")
    old, new = np.asarray(old, dtype=np.int64)[order], np.asarray(new)[order].astype(dtype)
    largest = int(labels.max(initial=0))
    if largest <= DENSE_LIMIT:
        table = np.zeros(largest + 1, dtype=dtype)
        known = (old > 0) & (old <= largest)
        table[old[known]] = new[known]
        image: npt.NDArray[Any] = table[labels]
        return image
    flat = labels.ravel()
    at = np.minimum(np.searchsorted(old, flat), len(old) - 1)
    hit = (flat > 0) & (old[at] == flat) if len(old) else np.zeros(flat.shape, dtype=np.bool_)
    out = np.zeros(flat.shape, dtype=dtype)
    out[hit] = new[at[hit]]
    return out.reshape(labels.shape)
