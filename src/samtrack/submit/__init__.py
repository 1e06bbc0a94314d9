"""A result as the Cell Tracking Challenge wants it: tracks cut to its format, its rules as checks, its archive as text.

Holds no file access. `Checker` takes the facts of one frame at a time; `cut_at_holes` makes the identities that the
format can hold; `datasets` says what the challenge fixes per dataset.
"""

from samtrack.submit.check import Checker, Expected, Findings, Looks, MaskName, measure_mask, measure_parts
from samtrack.submit.datasets import DATASETS, TRAININGS, DatasetFacts, result_folder, script_name
from samtrack.submit.identities import Identities, cut_at_holes, require_16_bit
from samtrack.submit.lineages import FirstCells, overlaps_of
from samtrack.submit.presence import digits_for, presence_table
from samtrack.submit.rules import NOTES, FrameFacts, Raw, Rule

__all__ = [
    "DATASETS",
    "NOTES",
    "TRAININGS",
    "Checker",
    "DatasetFacts",
    "Expected",
    "Findings",
    "FirstCells",
    "FrameFacts",
    "Identities",
    "Looks",
    "MaskName",
    "Raw",
    "Rule",
    "cut_at_holes",
    "digits_for",
    "measure_mask",
    "measure_parts",
    "overlaps_of",
    "presence_table",
    "require_16_bit",
    "result_folder",
    "script_name",
]
