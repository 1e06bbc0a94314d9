"""What each measure says, in one line, for readers who do not evaluate trackers every day."""

from __future__ import annotations

import re
from collections.abc import Mapping

HEADLINE = ("TRA", "SEG", "DET", "LNK", "BC(1)")
"""Measures that the page begins with."""

EXPLAINED: dict[str, str] = {
    "DET": "Are all cells found? 1.0: every cell of the truth has one mask of its own, and there is no other mask.",
    "SEG": "Do the masks have the right shape? Mean overlap (Jaccard) with the true masks; 1.0: each is the same, voxel for voxel.",
    "TRA": "Detection and tracking together. 1.0: no edit is needed to turn the result into the truth.",
    "LNK": "Tracking alone, on the cells that were found. 1.0: every link is right and none is missing.",
    "OP_CTB": "Mean of SEG and TRA, by which the CTC ranks trackers. 1.0: both are perfect.",
    "OP_CSB": "Mean of SEG and DET, by which the CTC ranks segmenters. 1.0: both are perfect.",
    "OP_CLB": "Mean of LNK and BIO, by which the CTC ranks linking. 1.0: both are perfect.",
    "BIO": "Mean of CT, TF, BC and CCA, as far as they are defined. 1.0: all are perfect.",
    "CT": "Complete tracks: share of the cells followed from their first to their last frame without any error. 1.0: all.",
    "TF": "Track fractions: the longest rightly followed part of a cell's track, on average. 1.0: whole tracks.",
    "BC": "Divisions (F1) found within the given number of frames. 1.0: all are found and none is invented.",
    "CCA": "Cell cycle accuracy: do the lengths of cell cycles have the right distribution? 1.0: the same distribution.",
    "CHOTA": "Detection, association and lineage as one number. 1.0: all cells and their whole ancestry are right.",
    "HOTA": "Detection and association as one number, without lineage. 1.0: all are right.",
    "MOTA": "1 minus misses, false masks and swapped identities per true cell. 1.0: none of them.",
    "IDF1": "Share of masks that carry the right identity over the whole movie (F1). 1.0: all.",
    "MTML": "Tracks followed for more than 80 % of their frames against those followed for less than 20 %.",
    "FAF": "False masks per frame. 0 is best.",
    "AOGM": "Cost of the edits that turn the result into the truth, the sum of the counts below with their weights. 0 is best.",
    "NS": "Masks that cover several true cells and would have to be split (weight 5).",
    "FN": "Missing masks (weight 10).",
    "FP": "Masks where there is no cell (weight 1).",
    "ED": "Links that would have to be removed (weight 1).",
    "EA": "Links that are missing (weight 1.5).",
    "EC": "Links of the wrong kind: a division told as the same cell, or the reverse (weight 1).",
}
"""By the CTC's name of the measure. Weights: Matula et al. 2015, doi 10.1371/journal.pone.0144959."""


def explain(name: str) -> str:
    """What a measure says; empty where this page does not know it. ``BC(2)`` and ``AOGM_FN`` find BC and FN."""
    plain = re.sub(r"[\s(\[].*$", "", name.strip().upper())
    for known in (plain, plain.removeprefix("AOGM_"), plain.removeprefix("AOGM-"), re.sub(r"_?\d+$", "", plain)):
        if known in EXPLAINED:
            return EXPLAINED[known]
    return ""


def headline(values: Mapping[str, float | int | None]) -> list[tuple[str, float]]:
    """The main measures that a result has, in the order in which people ask for them."""
    return [(name, float(value)) for name in HEADLINE if (value := values.get(name)) is not None]
