"""One mask that two cells share, divided between them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Bools = npt.NDArray[np.bool_]


def split_voxels(
    depth_a: npt.NDArray[np.floating], depth_b: npt.NDArray[np.floating], share_of_a: float
) -> tuple[Bools, Bools]:
    """Which voxels of a shared mask belong to a, and which to b; every voxel to one of them, both have some.

    ``depth_a`` and ``depth_b``: how deep each voxel lies in the shape that each cell should have (negative outside).
    ``share_of_a``: the size of a over that of both. The voxels that lie deeper in a than in b by most are a's, as many as
    its share. Taking those that merely lie deeper in a would follow every error of the expected places: were both cells
    to lie a little to the left of where they are expected, one of them would get a sliver.
    """
    n = len(depth_a)
    n_a = min(max(round(share_of_a * n), 1), max(n - 1, 1))
    order = np.argsort(np.asarray(depth_b, np.float64) - depth_a, kind="stable")
    is_a = np.zeros(n, dtype=bool)
    is_a[order[:n_a]] = True
    return is_a, ~is_a
