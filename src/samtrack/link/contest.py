"""Links judged once more among their rivals: a cell has one past and, unless it divides, one future.

The first judgement of a link knows its own facts only. Here each link also sees the best other link of its source, the best
other link of its target, and whether a division explains either. This is still a proposal: nothing is excluded.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from samtrack.link.calibrate import SUREST
from samtrack.link.candidates import Candidates, best_other
from samtrack.link.division import DivisionPairs

Floats = npt.NDArray[np.float64]

CONTEST_FACTS = (
    "evidence",  # log odds of the link by its own facts
    "lead_of_target",  # over the best other link of the source
    "lead_of_source",  # over the best other link of the target
    "division",  # best log odds of a division in which this link takes part
    "other_division",  # best log odds of a division that gives the target to another mother
)


def contest_facts(
    candidates: Candidates, evidence: Floats, divisions: DivisionPairs, division_odds: Floats, n_target: int
) -> npt.NDArray[np.float32]:
    """The columns `CONTEST_FACTS` of each candidate link; ``evidence`` is in the shape of the rectangle."""
    source, target = candidates.pairs()
    own = evidence[candidates.is_real]
    splits = np.full(candidates.target.shape, -SUREST)
    for column in (divisions.column_a, divisions.column_b):
        np.maximum.at(splits, (divisions.mother, column), division_odds)
    split = splits[candidates.is_real]
    columns = [
        own,
        own - best_other(source, own, len(candidates.target), -SUREST),
        own - best_other(target, own, n_target, -SUREST),
        split,
        best_other(target, split, n_target, -SUREST),
    ]
    return np.stack(columns, axis=1).astype(np.float32)
