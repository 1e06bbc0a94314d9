"""Who owns a voxel that several cells want: the one with the highest logit there, then the lower label.

Claims may come in any order and in any parts; the outcome is the same.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from samtrack.segment.borders import largest_pieces
from samtrack.types import Box

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]
Bools = npt.NDArray[np.bool_]


class Claims:
    """The voxels of a box, each with the label that has the best claim so far, and its logit."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._best = np.zeros(box.shape, dtype=np.float32)
        self._owner = np.zeros(box.shape, dtype=np.int32)

    def add(self, where: tuple[Ints, ...], logit: Floats, label: npt.NDArray[np.integer]) -> None:
        """Claims of labels on voxels of the frame, by logits above 0; what lies outside of the box is left out."""
        local = [axis - a for axis, a in zip(where, self._box.start, strict=True)]
        inside = np.logical_and.reduce([(at >= 0) & (at < n) for at, n in zip(local, self._box.shape, strict=True)])
        voxel = np.ravel_multi_index(tuple(at[inside] for at in local), self._box.shape)
        logit, label = logit[inside], label[inside]
        order = np.lexsort((label, -logit, voxel))
        first = order[np.diff(voxel[order], prepend=-1) != 0]
        voxel, logit, label = voxel[first], logit[first], label[first]
        best, owner = self._best.reshape(-1), self._owner.reshape(-1)
        wins = (logit > best[voxel]) | ((logit == best[voxel]) & (label < owner[voxel]))
        best[voxel[wins]], owner[voxel[wins]] = logit[wins], label[wins]

    def labels(self, in_one_piece: bool = True) -> npt.NDArray[np.int32]:
        """The owner of each voxel, 0 for none; each label in one piece (its largest), unless told otherwise."""
        return largest_pieces(self._owner) if in_one_piece else self._owner


def piece_under(masks: Bools, click: Ints) -> Bools:
    """Of each mask (p, z, y, x) the connected piece that holds its click (p, 3); nothing where none does."""
    apart = np.zeros((3, 3, 3, 3), dtype=np.bool_)
    apart[1] = ndimage.generate_binary_structure(3, 1)
    pieces, _ = ndimage.label(masks, apart)
    own = pieces[np.arange(len(masks)), click[:, 0], click[:, 1], click[:, 2]]
    return np.asarray(masks & (pieces == own[:, None, None, None]))
