"""A result as the Cell Tracking Challenge wants it: tracks cut to its format, and its rules as checks.

Holds no file access. `Checker` takes the facts of one frame at a time; `cut_at_holes` makes the identities that the
format can hold.
"""

from samtrack.submit.check import Checker, Findings, MaskName, measure_mask, measure_parts
from samtrack.submit.identities import Identities, cut_at_holes, require_16_bit
from samtrack.submit.presence import digits_for, presence_table
from samtrack.submit.rules import NOTES, FrameFacts, Raw, Rule

__all__ = [
    "NOTES",
    "Checker",
    "Findings",
    "FrameFacts",
    "Identities",
    "MaskName",
    "Raw",
    "Rule",
    "cut_at_holes",
    "digits_for",
    "measure_mask",
    "measure_parts",
    "presence_table",
    "require_16_bit",
]
