"""Points that somebody gives: where cells are, without their masks."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Points:
    """Places of cells in one frame, in the order in which they were given.

    ``label`` is what the giver calls the cell (its number, where it has no other name); ``position_um`` is (n, ndim), (z)yx,
    the centre of the first voxel at 0.
    """

    label: npt.NDArray[np.int64]
    position_um: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        for name, dtype in (("label", np.int64), ("position_um", np.float64)):
            column = np.array(getattr(self, name), dtype=dtype)
            column.flags.writeable = False
            object.__setattr__(self, name, column)
        if self.position_um.ndim != 2 or len(self.position_um) != len(self.label):
            raise ValueError(f"{len(self.label)} labels but positions of shape {self.position_um.shape}")
        if not np.isfinite(self.position_um).all():
            raise ValueError("positions must be finite")

    def __len__(self) -> int:
        return len(self.label)
