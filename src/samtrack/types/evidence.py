"""What a network said when it carried cells from one frame into another: a columnar table beside those of proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from samtrack.types.tables import Floats, Ints, _freeze, _require_length

ROUNDING = 1 / 256
"""To this the numbers of a table of evidence are rounded: results must not show how the work was cut into batches."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """Cells carried into other frames, and what lies there: rows of one `Detections`, sorted and each triple once.

    One row per cell, frame it was carried into and detection under its predicted mask; a prediction that lies on nothing
    has one row with ``target`` -1, so that "gone" differs from "not asked". ``target_frame`` may be later or earlier than
    the cell's own. ``overlap``, ``predicted`` (the mask's size) and ``target_size`` are areas in one unit, summed over the
    planes of the cell that were looked at. ``object_logit``: is the cell there at all; ``iou``: how good the mask is
    expected to be; both repeat in all rows of one cell and frame.
    """

    source: Ints
    target: Ints
    target_frame: Ints
    overlap: Floats
    predicted: Floats
    target_size: Floats
    object_logit: Floats
    iou: Floats

    def __post_init__(self) -> None:
        _freeze(self, {f.name: "i8" if f.name in _INT_COLUMNS else "f8" for f in fields(self)})
        _require_length(self, len(self.source), [f.name for f in fields(self)])
        numbers = [getattr(self, f.name) for f in fields(self) if f.name not in _INT_COLUMNS]
        if not all(np.isfinite(column).all() for column in numbers):
            raise ValueError("evidence must be finite numbers")
        if np.any(self.overlap > self.predicted) or np.any(self.overlap < 0):
            raise ValueError("a predicted mask cannot share more with a cell than it has")

    def __len__(self) -> int:
        return len(self.source)

    def take(self, rows: npt.NDArray[Any]) -> Self:
        """The given rows (integers, or a boolean mask)."""
        return type(self)(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def ordered(self) -> Self:
        """The same table sorted by cell, frame it was carried into, and detection there."""
        return self.take(np.lexsort((self.target, self.target_frame, self.source)))

    @classmethod
    def concatenate(cls, tables: Sequence[Self]) -> Self:
        """Several tables as one; none at all is an empty one."""
        columns = {f.name: [getattr(t, f.name) for t in tables] for f in fields(cls)}
        return cls(**{name: np.concatenate([np.zeros(0), *parts]) for name, parts in columns.items()})


_INT_COLUMNS = {"source", "target", "target_frame"}
