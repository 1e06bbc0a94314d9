"""A whole result against all rules, fed one frame at a time: what is kept of a frame is its list of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
import numpy.typing as npt
from skimage.measure import label as pieces_of

from samtrack.submit.lifetimes import check_lifetimes
from samtrack.submit.rules import (
    NOTES,
    TABLE,
    FrameFacts,
    Ints,
    Line,
    Raw,
    Rule,
    check_files,
    check_frame,
    check_lines,
    check_parents,
    check_tracks,
    labels_of,
    labels_of_parts,
)
from samtrack.types import Violation

SHOWN_PER_RULE = 100
"""Violations of one rule that are named; more are counted. A wrong file breaks one rule many thousand times."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found: broken rules, and what is allowed but worth knowing."""

    violations: tuple[Violation, ...]
    notes: tuple[Violation, ...]


class Checker:
    """Collects the facts of a result's frames and then says which rules it breaks.

    ``lines`` is the table as it stands (None: there is none), ``foreign`` names TIFF files that are no masks.
    """

    def __init__(self, lines: Sequence[Line] | None, raw: Raw | None = None, foreign: Sequence[str] = ()) -> None:
        self._lines = lines
        self._raw = raw
        self._foreign = foreign
        self._frames: list[FrameFacts] = []

    def add(self, facts: FrameFacts) -> None:
        """Take in one frame; the order does not matter."""
        self._frames.append(facts)

    def findings(self) -> Findings:
        """All broken rules of the frames taken in, files first, then tables, then both against each other."""
        frames = sorted(self._frames, key=lambda facts: (facts.frame, facts.file))
        found = check_files(frames, self._foreign, self._raw)
        shape = next((facts.shape for facts in frames if not facts.error), ())
        for facts in frames:
            found += check_frame(facts, shape, self._raw)
        if frames and not any(len(facts.labels) for facts in frames):
            found.append(Violation(str(Rule.EMPTY_RESULT), "masks", "no mask holds an object, nothing can be scored"))
        found += self._check_table(frames)
        notes = [violation for violation in found if violation.rule in NOTES]
        return Findings(_shown([v for v in found if v.rule not in NOTES]), _shown(notes))

    def _check_table(self, frames: Sequence[FrameFacts]) -> list[Violation]:
        if self._lines is None:
            return [Violation(str(Rule.NO_TABLE), TABLE, "is missing; it lists the tracks, one per line")]
        rows = [values for _, _, values in self._lines if values is not None]
        table = np.array(rows, dtype=np.int64).reshape(-1, 4)
        n_frames = self._raw.n_frames if self._raw else max((facts.frame + 1 for facts in frames), default=0)
        found = check_lines(self._lines) + check_tracks(table, n_frames) + check_parents(table)
        return found + check_lifetimes(frames, table)


@dataclass(frozen=True, slots=True)
class MaskName:
    """A mask file by what its name says."""

    file: str
    frame: int
    digits: int


def measure_mask(name: MaskName, mask: npt.NDArray[Any], connected: bool = False) -> FrameFacts:
    """The facts of one mask; ``connected`` also looks for objects in several pieces, which takes much longer."""
    labels = labels_of(mask)
    broken = _broken_labels(mask) if connected else np.zeros(0, dtype=np.int64)
    return FrameFacts(name.file, name.frame, name.digits, str(mask.dtype), mask.shape, labels, broken)


def measure_parts(name: MaskName, dtype: str, shape: tuple[int, ...], parts: Iterable[npt.NDArray[Any]]) -> FrameFacts:
    """The facts of a mask that comes in parts, which is never whole in memory."""
    return FrameFacts(name.file, name.frame, name.digits, dtype, shape, labels_of_parts(parts))


def _broken_labels(mask: npt.NDArray[Any]) -> Ints:
    """Labels whose voxels are in more than one piece; voxels that share a corner touch."""
    pieces = cast("Ints", pieces_of(mask, connectivity=mask.ndim))  # type: ignore[no-untyped-call]
    _, first = np.unique(pieces, return_index=True)
    owners, counts = np.unique(mask.reshape(-1)[first], return_counts=True)
    return np.asarray(owners[(counts > 1) & (owners != 0)], dtype=np.int64)


def _shown(found: Sequence[Violation]) -> tuple[Violation, ...]:
    """The first violations of each rule, and one that counts the rest."""
    seen: Counter[str] = Counter()
    shown = []
    for violation in found:
        seen[violation.rule] += 1
        if seen[violation.rule] <= SHOWN_PER_RULE:
            shown.append(violation)
    for rule, count in seen.items():
        if count > SHOWN_PER_RULE:
            shown.append(Violation(rule, "result", f"… and {count - SHOWN_PER_RULE} more of this rule"))
    return tuple(shown)
