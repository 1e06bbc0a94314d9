"""The rules of a Cell Tracking Challenge result, one small check each; a check returns what breaks its rule.

Rules that the official tools refuse or misread are violations. What they accept but a person should know (`NOTES`) is
told apart from them. Sources: the challenge's "Evaluation software" and "Naming and file content conventions"
documents, and the consistency check of the official Java tools.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.submit.identities import MAX_LABEL
from samtrack.submit.presence import digits_for
from samtrack.types import Violation

Ints = npt.NDArray[np.int64]
Line = tuple[int, str, tuple[int, int, int, int] | None]
"""A line of a table: its number from 1, its text, and its four whole numbers if it holds just these."""

TABLE = "res_track.txt"

LABELS_NAMED = 5
"""Labels that a note about a whole frame names."""


class Rule(StrEnum):
    """Names of the rules, as they stand in reports."""

    NO_MASKS = "no-masks"
    FOREIGN_FILE = "foreign-file"
    DIGITS = "digits"
    FRAME_TWICE = "frame-twice"
    FRAME_MISSING = "frame-missing"
    FRAME_EXTRA = "frame-extra"
    UNREADABLE = "unreadable"
    PIXEL_TYPE = "pixel-type"
    SHAPE = "shape"
    RAW_SHAPE = "raw-shape"
    NO_TABLE = "no-table"
    TABLE_SYNTAX = "table-syntax"
    TABLE_SEPARATOR = "table-separator"
    LABEL_RANGE = "label-range"
    LABEL_TWICE = "label-twice"
    FRAME_RANGE = "frame-range"
    FRAME_ORDER = "frame-order"
    PARENT_NEGATIVE = "parent-negative"
    PARENT_SELF = "parent-self"
    PARENT_UNKNOWN = "parent-unknown"
    PARENT_LATE = "parent-late"
    UNLISTED = "unlisted-label"
    HOLE = "hole"
    OUTSIDE = "outside"
    EMPTY_RESULT = "empty-result"
    EMPTY_FRAME = "empty-frame"
    MANY_CHILDREN = "many-children"
    DISCONNECTED = "disconnected"
    EXTRA_FILE = "extra-file"
    IN_RIM = "in-rim"
    ONLY_CHILD = "only-child"
    LATE_LINEAGE = "late-lineage"
    UNMARKED_LINEAGE = "unmarked-lineage"
    LOST_CELL = "lost-cell"


NOTES = frozenset(
    {
        *(Rule.EMPTY_FRAME, Rule.MANY_CHILDREN, Rule.DISCONNECTED, Rule.EXTRA_FILE),
        *(Rule.IN_RIM, Rule.ONLY_CHILD, Rule.LOST_CELL),
    }
)
"""Not violations: the validators let them pass, but some tools complain, or a mistake is likely behind them."""


def _no_labels() -> Ints:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class FrameFacts:
    """What a check needs to know of one mask file.

    ``labels`` are those present, sorted, without background; ``broken`` those of them that are in several pieces;
    ``in_rim`` those that lie wholly inside the rim. ``error`` says why the file could not be read; then the rest is empty.
    """

    file: str
    frame: int
    digits: int
    dtype: str = ""
    shape: tuple[int, ...] = ()
    labels: Ints = field(default_factory=_no_labels)
    broken: Ints = field(default_factory=_no_labels)
    in_rim: Ints = field(default_factory=_no_labels)
    error: str = ""


@dataclass(frozen=True, slots=True)
class Raw:
    """The raw movie that a result belongs to."""

    n_frames: int
    shape: tuple[int, ...]


def check_files(
    frames: Sequence[FrameFacts], foreign: Sequence[str], raw: Raw | None, digits: int | None = None
) -> list[Violation]:
    """Names and numbers of the mask files: none missing, none extra, one width of the number.

    ``digits`` is that width where the dataset fixes it; else the number of frames does.
    """
    found = [
        _of(Rule.FOREIGN_FILE, name, "is a TIFF file but no mask; tools that take all stumble") for name in foreign
    ]
    if not frames:
        return [*found, _of(Rule.NO_MASKS, "mask000.tif", "the folder holds no file named mask<frame>.tif")]
    numbers = np.array([facts.frame for facts in frames])
    n_frames = raw.n_frames if raw else int(numbers.max()) + 1
    digits = digits or digits_for(n_frames, "auto")
    for facts in frames:
        if facts.digits != digits:
            said = f"the frame number has {facts.digits} digits, expected {digits} for {n_frames} frames"
            found.append(_of(Rule.DIGITS, facts.file, said, facts.frame))
        if facts.frame >= n_frames:
            said = f"the raw movie has {n_frames} frames, 0 to {n_frames - 1}"
            found.append(_of(Rule.FRAME_EXTRA, facts.file, said, facts.frame))
    values, counts = np.unique(numbers, return_counts=True)
    for frame in values[counts > 1].tolist():
        names = ", ".join(facts.file for facts in frames if facts.frame == frame)
        found.append(_of(Rule.FRAME_TWICE, names, "are files of one frame", frame))
    for frame in np.setdiff1d(np.arange(n_frames), numbers).tolist():
        name = f"mask{frame:0{digits}d}.tif"
        found.append(_of(Rule.FRAME_MISSING, name, f"is missing; frames are 0 to {n_frames - 1}", frame))
    return found


def check_frame(facts: FrameFacts, shape: tuple[int, ...], raw: Raw | None) -> list[Violation]:
    """One mask by itself: can be read, 16 bits, the common shape (of the first mask), connected objects."""
    if facts.error:
        return [_of(Rule.UNREADABLE, facts.file, facts.error, facts.frame)]
    found = []
    if facts.dtype != "uint16":
        said = f"voxels are {facts.dtype}, expected uint16 (16-bit grey), which is all that the official tools read"
        found.append(_of(Rule.PIXEL_TYPE, facts.file, said, facts.frame))
    if facts.shape != shape:
        said = f"has shape {facts.shape}, the first mask has {shape}"
        found.append(_of(Rule.SHAPE, facts.file, said, facts.frame))
    if raw and facts.shape != raw.shape:
        said = f"has shape {facts.shape}, the raw movie has {raw.shape}"
        found.append(_of(Rule.RAW_SHAPE, facts.file, said, facts.frame))
    outside = facts.labels[(facts.labels < 1) | (facts.labels > MAX_LABEL)]
    found += [_out_of_range(facts.file, int(label), facts.frame) for label in outside]
    if len(facts.labels) == 0:
        said = "holds no object; the official Java tool complains by default"
        found.append(_of(Rule.EMPTY_FRAME, facts.file, said, facts.frame))
    for label in facts.broken.tolist():
        said = "is in several pieces that do not touch"
        found.append(_of(Rule.DISCONNECTED, facts.file, said, facts.frame, label))
    if len(facts.in_rim):
        named = ", ".join(map(str, facts.in_rim[:LABELS_NAMED].tolist())) + (", …" * (len(facts.in_rim) > LABELS_NAMED))
        said = f"{len(facts.in_rim)} objects lie wholly inside the rim, which is not scored; better leave them out: {named}"
        found.append(_of(Rule.IN_RIM, facts.file, said, facts.frame))
    return found


def check_extra(names: Iterable[str]) -> list[Violation]:
    """Files of a result that are neither masks nor its table."""
    return [_of(Rule.EXTRA_FILE, name, f"is neither a mask nor {TABLE}") for name in names]


def check_lines(lines: Iterable[Line]) -> list[Violation]:
    """The text of a table: four whole numbers per line, one space between them, nothing else."""
    found = []
    for number, text, values in lines:
        if values is None:
            said = f"line {number} is {text[:60]!r}, expected four whole numbers (label, first, last frame, parent)"
            found.append(_of(Rule.TABLE_SYNTAX, TABLE, said))
        elif text.strip(" ") != " ".join(str(value) for value in values):
            said = f"line {number} is {text[:60]!r}, expected plain numbers with one space between them"
            found.append(_of(Rule.TABLE_SEPARATOR, TABLE, said, label=values[0]))
    return found


def check_tracks(table: Ints, n_frames: int) -> list[Violation]:
    """Each track by itself: label in range and listed once, frames in range and in order."""
    label, first, last = table[:, 0], table[:, 1], table[:, 2]
    _, row, count = np.unique(label, return_index=True, return_counts=True)
    return [
        *(_out_of_range(TABLE, int(value), None) for value in label[(label < 1) | (label > MAX_LABEL)]),
        *_each(table, row[count > 1], Rule.LABEL_TWICE, lambda r: "has more than one line"),
        *_each(table, np.flatnonzero(first > last), Rule.FRAME_ORDER, lambda r: f"starts in {r[1]}, ends in {r[2]}"),
        *_each(
            table,
            np.flatnonzero((first < 0) | (last >= n_frames)),
            Rule.FRAME_RANGE,
            lambda r: f"lives from {r[1]} to {r[2]}; frames are 0 to {n_frames - 1}",
        ),
    ]


def check_parents(table: Ints) -> list[Violation]:
    """Parents are listed, differ from their children and end before these start; more than two children are a note."""
    label, first, parent = table[:, 0], table[:, 1], table[:, 3]
    listed, row = np.unique(label, return_index=True)
    known = np.isin(parent, listed) & (parent > 0)
    parent_last = np.full(len(table), -1, dtype=np.int64)
    parent_last[known] = table[row[np.searchsorted(listed, parent[known])], 2]
    self_made = (parent == label) & (parent > 0)
    late = np.flatnonzero(known & ~self_made & (parent_last >= first))
    mothers, counts = np.unique(parent[known], return_counts=True)
    return [
        *_each(table, np.flatnonzero(parent < 0), Rule.PARENT_NEGATIVE, lambda r: f"has parent {r[3]}; none is 0"),
        *_each(table, np.flatnonzero(self_made), Rule.PARENT_SELF, lambda r: "is its own parent"),
        *_each(
            table,
            np.flatnonzero((parent > 0) & ~known),
            Rule.PARENT_UNKNOWN,
            lambda r: f"has parent {r[3]}, which is not listed",
        ),
        *_each(
            table,
            late,
            Rule.PARENT_LATE,
            lambda r: f"starts in {r[1]}, before its parent {r[3]} has ended",
        ),
        *(
            _of(Rule.MANY_CHILDREN, TABLE, f"has {n} children", label=mother)
            for mother, n in zip(mothers[counts > 2].tolist(), counts[counts > 2].tolist(), strict=True)
        ),
    ]


def _each(table: Ints, rows: Ints, rule: Rule, told: Callable[[list[int]], str]) -> list[Violation]:
    return [_of(rule, TABLE, told(row), label=row[0]) for row in table[rows].tolist()]


def _out_of_range(file: str, label: int, frame: int | None) -> Violation:
    return _of(Rule.LABEL_RANGE, file, f"labels are 1 to {MAX_LABEL}", frame, label)


def _of(rule: Rule, file: str, message: str, frame: int | None = None, label: int | None = None) -> Violation:
    return Violation(str(rule), file, message, frame, label)


class LabelSet:
    """The labels of an image that comes in parts: 16-bit ones in a table, others by sorting."""

    def __init__(self) -> None:
        self._is_present = np.zeros(MAX_LABEL + 1, dtype=np.bool_)
        self._others = [np.zeros(0, dtype=np.int64)]

    def add(self, part: npt.NDArray[Any]) -> None:
        """Note the labels of a part; background, too."""
        if part.dtype == np.uint16:
            self._is_present[part] = True
        else:
            self._others.append(np.unique(part).astype(np.int64))

    @property
    def labels(self) -> Ints:
        """The labels, sorted, without background; negative ones too."""
        every = np.unique(np.concatenate([np.flatnonzero(self._is_present), *self._others]))
        return np.asarray(every[every != 0])
