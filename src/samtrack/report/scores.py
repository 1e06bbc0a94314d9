"""What each measure says, in one line, for readers who do not evaluate trackers every day."""

from __future__ import annotations

import re
from collections.abc import Mapping

Values = Mapping[str, float | int | None]

HEADLINE = ("TRA", "SEG", "DET", "LNK", "BC(1)")
"""Measures that the page begins with."""

MAIN: dict[str, str] = {
    "Valid": "Does the result keep the CTC's rules? 1: it does. 0: it was measured as its masks show.",
    "DET": "Are all cells found? 1.0: every cell of the truth has one mask of its own, and there is no other mask.",
    "SEG": "Have the masks the right shape? Mean overlap (Jaccard) with the true masks. 1.0: all voxels are the same.",
    "TRA": "Detection and tracking together. 1.0: no edit is needed to turn the result into the truth.",
    "LNK": "Tracking alone, on the cells that were found. 1.0: every link is right and none is missing.",
    "OP_CTB": "Mean of SEG and TRA, by which the CTC ranks trackers. 1.0: both are perfect.",
    "OP_CSB": "Mean of SEG and DET, by which the CTC ranks segmenters. 1.0: both are perfect.",
    "OP_CLB": "Mean of LNK and BIO, by which the CTC ranks linking. 1.0: both are perfect.",
    "BIO": "Mean of CT, TF, BC and CCA, as far as they are defined. 1.0: all are perfect.",
    "CT": "Complete tracks: cells followed from first to last frame without any error (F1). 1.0: all of them.",
    "TF": "Track fractions: the longest rightly followed part of a cell's track, on average. 1.0: whole tracks.",
    "BC": "Divisions found at most {} too early or too late (F1). 1.0: all are found and none is invented.",
    "CCA": "Cell cycle accuracy: are the lengths of cell cycles distributed as in the truth? 1.0: they are.",
    "CHOTA": "Detection, association and lineage as one number. 1.0: all cells and their whole ancestry are right.",
    "HOTA": "Detection and association as one number, without lineage. 1.0: all are right.",
    "AOGM": "Cost of the edits that turn the result into the truth: weighted sum of the counts below. 0 is best.",
    "AOGM_NS": "Masks that cover several true cells and would have to be split (weight 5).",
    "AOGM_FN": "Missing masks (weight 10).",
    "AOGM_FP": "Masks where there is no cell (weight 1).",
    "AOGM_ED": "Links that would have to be removed (weight 1).",
    "AOGM_EA": "Links that are missing (weight 1.5).",
    "AOGM_EC": "Links of the wrong kind: a division told as the same cell, or the reverse (weight 1).",
}
"""Measures of the open table, in its order. Weights: Matula et al. 2015, doi 10.1371/journal.pone.0144959."""

FURTHER: dict[str, str] = {
    "AOGM_0": "Cost of making the truth from nothing; TRA is 1 - AOGM / AOGM_0.",
    "MOTA": "1 minus misses, false masks and swapped identities per true cell. 1.0: none of them.",
    "IDF1": "Masks that carry the right identity over the whole movie (F1). 1.0: all.",
    "IDP": "Share of the result's masks that carry the right identity. 1.0: all.",
    "IDR": "Share of the true cells whose mask carries the right identity. 1.0: all.",
    "MT": "Share of true tracks that are mostly tracked. 1.0: all.",
    "ML": "Share of true tracks that are mostly lost. 0 is best.",
    "FAF": "False masks per frame. 0 is best.",
    "IDSW": "How often a cell's identity changes. 0 is best.",
    "Precision": "Share of masks that are a cell. 1.0: all.",
    "Recall": "Share of cells that have a mask. 1.0: all.",
    "divF1": "Divisions found at most {} too early or too late, daughters of their own included (F1). 1.0: all.",
    "divPrecision": "Share of the result's divisions that are right, at most {} off. 1.0: all.",
    "divRecall": "Share of the true divisions that are found, at most {} off. 1.0: all.",
    "tp_div": "Divisions found, at most {} off.",
    "fp_div": "Divisions invented, at most {} off counting as right.",
    "fn_div": "Divisions missed, at most {} off counting as found.",
    "gt_divisions": "Divisions of the truth.",
    "SEG_images": "Annotated images that SEG was measured on.",
    "SEG_objects": "Annotated cells that SEG was measured on.",
}
"""Measures that are folded away, as every other that this page does not know."""


def stem(name: str) -> str:
    """A measure's name without what stands in brackets: ``BC(1)`` is a BC."""
    return name.split("(")[0]


def explain(name: str) -> str:
    """What a measure says; empty where this page does not know it. ``{}`` becomes the frames in brackets."""
    text = {**FURTHER, **MAIN}.get(stem(name), "")
    found = re.search(r"\((\d+)\)$", name)
    return text.format("no frame" if found is None or found[1] == "0" else _frames(int(found[1])))


def _frames(n: int) -> str:
    return "1 frame" if n == 1 else f"{n} frames"


def headline(values: Values) -> list[tuple[str, float]]:
    """The main measures that a result has, in the order in which people ask for them."""
    return [(name, float(value)) for name in HEADLINE if (value := values.get(name)) is not None]


def split_measures(values: Values) -> tuple[list[str], list[str]]:
    """Names of the measures for the open table, in its order, and of all the others, in theirs."""
    place = {name: at for at, name in enumerate(MAIN)}
    main = sorted((name for name in values if stem(name) in MAIN), key=lambda name: (place[stem(name)], name))
    return main, [name for name in values if stem(name) not in MAIN]
