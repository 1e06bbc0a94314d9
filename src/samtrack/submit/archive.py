"""What lies where in an archive for the challenge, checked by names alone: results, and one entry script for each.

Nothing here says what a result holds (`check`), nor what a script does (`scripts`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum

from samtrack.submit.datasets import DATASETS, TRAININGS, result_folder, script_name
from samtrack.submit.rules import TABLE
from samtrack.types import Violation

SOFTWARE = "SW"
"""Folder of everything that is needed to run, beside the folders of the datasets."""

ALL_CELLS = "CSB"
"""Folder, in that of a dataset, of the results that hold all cells where the others hold marked lineages alone."""

SEQUENCES = ("01", "02")
"""The sequences of a dataset of the challenge."""

RESULT = re.compile(rf"(?P<csb>{ALL_CELLS}/)?(?P<sequence>[^/]+)_RES(?:-(?P<training>[^/]+))?/(?P<file>.+)")
SCRIPT = re.compile(rf"{SOFTWARE}/(?P<stem>[^/]+-[0-9]{{2}}(?:-[^/]+)?)\.sh")

Found = tuple[str, str, str | None, bool]
"""A result: dataset, sequence, training configuration, whether it is the one with all cells."""


class ArchiveRule(StrEnum):
    """Names of the rules, as they stand in reports."""

    NO_RESULT = "no-result"
    NO_SOFTWARE = "no-software"
    FOREIGN_PLACE = "foreign-place"
    SEQUENCE_NAME = "sequence-name"
    ONE_SEQUENCE = "one-sequence"
    TRAINING = "training"
    NO_RESULT_TABLE = "no-result-table"
    NO_SCRIPT = "no-script"
    SCRIPT_ALONE = "script-alone"
    NO_ALL_CELLS = "no-all-cells"
    ALL_CELLS_UNASKED = "all-cells-unasked"


def check_archive(names: Iterable[str], sequences: Iterable[str] = SEQUENCES) -> list[Violation]:
    """The rules that an archive breaks whose files have these names; ``sequences`` must all be there."""
    files = sorted(names)
    results: dict[Found, set[str]] = {}
    found = []
    for name in files:
        dataset, _, rest = name.partition("/")
        if dataset == SOFTWARE:
            continue
        match = RESULT.fullmatch(rest)
        if match is None:
            said = f"expected DATASET/01_RES/…, DATASET/{ALL_CELLS}/01_RES/… or {SOFTWARE}/…"
            found.append(_of(ArchiveRule.FOREIGN_PLACE, name, said))
            continue
        key = (dataset, match["sequence"], match["training"], match["csb"] is not None)
        results.setdefault(key, set()).add(match["file"])
    if not results:
        found.append(_of(ArchiveRule.NO_RESULT, "archive", "holds no DATASET/01_RES"))
    if not any(name.startswith(f"{SOFTWARE}/") for name in files):
        found.append(_of(ArchiveRule.NO_SOFTWARE, SOFTWARE, "is missing: entry scripts and what they need"))
    for key, inside in results.items():
        found += _check_result(key, inside)
    return found + _check_scripts(files, results) + _check_pairs(results, sorted(sequences))


def _check_result(key: Found, files: set[str]) -> list[Violation]:
    _, sequence, training, _ = key
    place = _place(key)
    found = []
    if not re.fullmatch(r"[0-9]{2}", sequence):
        found.append(_of(ArchiveRule.SEQUENCE_NAME, place, f"sequences are called 01 and 02, this one {sequence}"))
    if training is not None and training not in TRAININGS:
        found.append(_of(ArchiveRule.TRAINING, place, f"{training} is none of {', '.join(TRAININGS)}"))
    if TABLE not in files:
        found.append(_of(ArchiveRule.NO_RESULT_TABLE, place, f"holds no {TABLE}"))
    return found


def _check_scripts(files: Iterable[str], results: Iterable[Found]) -> list[Violation]:
    """One entry script per result, and no other."""
    wanted = {f"{SOFTWARE}/{script_name(*key[:3])}": _place(key) for key in results}
    there = {name for name in files if SCRIPT.fullmatch(name)}
    lacking = sorted(wanted.keys() - set(files))
    return [
        *(_of(ArchiveRule.NO_SCRIPT, name, f"is missing; it is to make {wanted[name]}") for name in lacking),
        *(
            _of(ArchiveRule.SCRIPT_ALONE, name, "makes no result of this archive")
            for name in sorted(there - wanted.keys())
        ),
    ]


def _check_pairs(results: Iterable[Found], sequences: Iterable[str]) -> list[Violation]:
    """Both sequences of a dataset; the results with all cells where the challenge wants them, and nowhere else."""
    found = []
    for key in results:
        dataset, sequence, training, holds_all = key
        facts = DATASETS.get(dataset)
        wants_all = facts is not None and facts.first_frame
        for other in sequences:
            if (dataset, other, training, holds_all) not in results:
                said = f"is there, but not {result_folder(other, training)} of the other sequence"
                found.append(_of(ArchiveRule.ONE_SEQUENCE, _place(key), said))
        if wants_all and not holds_all and (dataset, sequence, training, True) not in results:
            said = f"holds marked lineages alone; the segmentation benchmark wants all cells, in {dataset}/{ALL_CELLS}"
            found.append(_of(ArchiveRule.NO_ALL_CELLS, _place(key), said))
        if holds_all and not wants_all:
            said = f"{dataset} needs no result of its own for the segmentation benchmark"
            found.append(_of(ArchiveRule.ALL_CELLS_UNASKED, _place(key), said))
    return found


def _place(key: Found) -> str:
    dataset, sequence, training, holds_all = key
    return f"{dataset}/{ALL_CELLS + '/' if holds_all else ''}{result_folder(sequence, training)}"


def _of(rule: ArchiveRule, place: str, message: str) -> Violation:
    return Violation(str(rule), place, message)
