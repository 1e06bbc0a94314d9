"""A whole result against all rules, fed one frame at a time: what is kept of a frame is its list of labels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.blocks import plan_slabs, whole_box
from samtrack.submit.lifetimes import check_lifetimes
from samtrack.submit.lineages import FirstCells, check_lineages, check_only_children
from samtrack.submit.pieces import Pieces
from samtrack.submit.rules import (
    NOTES,
    TABLE,
    FrameFacts,
    LabelSet,
    Line,
    Raw,
    Rule,
    check_extra,
    check_files,
    check_frame,
    check_lines,
    check_parents,
    check_tracks,
)
from samtrack.types import Box, Violation

SHOWN_PER_RULE = 100
"""Violations of one rule that are named; more are counted. A wrong file breaks one rule many thousand times."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a check found: broken rules, and what is allowed but worth knowing."""

    violations: tuple[Violation, ...]
    notes: tuple[Violation, ...]


@dataclass(frozen=True, slots=True)
class Expected:
    """What is known of the movie that a result is about, besides the result itself.

    ``digits`` of the frame number, where the dataset fixes it. ``from_first_frame``: only lineages of the first frame count;
    ``first_cells`` are those marked there.
    """

    raw: Raw | None = None
    digits: int | None = None
    from_first_frame: bool = False
    first_cells: FirstCells | None = None


class Checker:
    """Collects the facts of a result's frames and then says which rules it breaks.

    ``lines`` is the table as it stands (None: there is none), ``foreign`` names TIFF files that are no masks, ``extra``
    other files that do not belong there.
    """

    def __init__(
        self,
        lines: Sequence[Line] | None,
        expected: Expected | None = None,
        foreign: Sequence[str] = (),
        extra: Sequence[str] = (),
    ) -> None:
        self._lines = lines
        self._expected = expected or Expected()
        self._foreign = foreign
        self._extra = extra
        self._frames: list[FrameFacts] = []

    def add(self, facts: FrameFacts) -> None:
        """Take in one frame; the order does not matter."""
        self._frames.append(facts)

    def findings(self) -> Findings:
        """All broken rules of the frames taken in, files first, then tables, then both against each other."""
        frames = sorted(self._frames, key=lambda facts: (facts.frame, facts.file))
        raw = self._expected.raw
        found = check_files(frames, self._foreign, raw, self._expected.digits) + check_extra(self._extra)
        shape = next((facts.shape for facts in frames if not facts.error), ())
        for facts in frames:
            found += check_frame(facts, shape, raw)
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
        expected = self._expected
        n_frames = expected.raw.n_frames if expected.raw else max((facts.frame + 1 for facts in frames), default=0)
        found = check_lines(self._lines) + check_tracks(table, n_frames) + check_parents(table)
        found += check_lifetimes(frames, table) + check_only_children(table)
        return found + (check_lineages(table, expected.first_cells) if expected.from_first_frame else [])


@dataclass(frozen=True, slots=True)
class MaskName:
    """A mask file by what its name says."""

    file: str
    frame: int
    digits: int


@dataclass(frozen=True, slots=True)
class Looks:
    """What to look for in masks beyond their labels: objects in several pieces (slow), and those in a rim of some width."""

    connected: bool = False
    rim_px: int = 0


def measure_mask(name: MaskName, mask: npt.NDArray[Any], looks: Looks | None = None) -> FrameFacts:
    """The facts of one mask."""
    boxes = plan_slabs(whole_box(mask.shape))
    return measure_parts(name, str(mask.dtype), mask.shape, ((box, mask[box.slices]) for box in boxes), looks)


def measure_parts(
    name: MaskName,
    dtype: str,
    shape: tuple[int, ...],
    parts: Iterable[tuple[Box, npt.NDArray[Any]]],
    looks: Looks | None = None,
) -> FrameFacts:
    """The facts of a mask that comes in parts (in scan order), which is never whole in memory."""
    looks = looks or Looks()
    present, inside, pieces = LabelSet(), LabelSet(), Pieces(shape)
    field = whole_box(shape).slices if not looks.rim_px else _field(shape, looks.rim_px)
    for box, part in parts:
        present.add(part)
        if looks.rim_px:
            inside.add(part[_within(field, box)])
        if looks.connected:
            pieces.add(box, part)
    labels, none = present.labels, np.zeros(0, dtype=np.int64)
    broken = pieces.broken() if looks.connected else none
    in_rim = np.setdiff1d(labels, inside.labels) if looks.rim_px else none
    return FrameFacts(name.file, name.frame, name.digits, dtype, shape, labels, broken, in_rim)


def _field(shape: tuple[int, ...], rim_px: int) -> tuple[slice, ...]:
    """The image without its rim along y and x."""
    return (slice(None),) * (len(shape) - 2) + tuple(slice(rim_px, max(n - rim_px, rim_px)) for n in shape[-2:])


def _within(field: tuple[slice, ...], box: Box) -> tuple[slice, ...]:
    """The part of a field that lies in a box, counted from the box's corner."""
    found = []
    for wanted, start, stop in zip(field, box.start, box.stop, strict=True):
        low = max(wanted.start or 0, start) - start
        high = (stop if wanted.stop is None else min(wanted.stop, stop)) - start
        found.append(slice(low, max(high, low)))
    return tuple(found)


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
