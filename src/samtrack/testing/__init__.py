"""Named tiny movies whose truth is known, and checks of what every result must hold; for tests here and elsewhere.

>>> from samtrack.testing import division_at
>>> movie = division_at(2)
>>> movie.tracks.tolist()
[[1, 0, 1, 0], [2, 2, 4, 1], [3, 2, 4, 1]]
"""

from samtrack.testing.consistency import require_consistent, shuffled_labels, table_faults
from samtrack.testing.drawings import Situation
from samtrack.testing.situations import (
    SITUATIONS,
    anisotropic,
    crossing,
    division_at,
    empty_frame,
    enters_and_leaves,
    merged_masks,
    missing_mask_at,
    single_frame,
    touching_block_border,
    two_cells_apart,
)

__all__ = [
    "SITUATIONS",
    "Situation",
    "anisotropic",
    "crossing",
    "division_at",
    "empty_frame",
    "enters_and_leaves",
    "merged_masks",
    "missing_mask_at",
    "require_consistent",
    "shuffled_labels",
    "single_frame",
    "table_faults",
    "touching_block_border",
    "two_cells_apart",
]
