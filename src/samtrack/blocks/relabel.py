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
    old, new = np.asarray(old)[order], np.asarray(new)[order].astype(dtype)
    largest = int(labels.max(initial=0))
    if largest <= DENSE_LIMIT:
        table = np.zeros(largest + 1, dtype=dtype)
        known = (old > 0) & (old <= largest)
        table[old[known]] = new[known]
        return table[labels]
    at = np.searchsorted(old, labels.ravel())
    at[at == len(old)] = 0
    hit = (old[at] == labels.ravel()) & (labels.ravel() > 0) if len(old) else np.zeros(labels.size, dtype=np.bool_)
    flat = np.zeros(labels.size, dtype=dtype)
    flat[hit] = new[at[hit]]
    return flat.reshape(labels.shape)
