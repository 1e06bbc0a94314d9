"""What is said about a result: the scores of an evaluation, its errors and where they lie, the violations of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule of a CTC result: which rule, in which file, for which frame and label (None: the whole)."""

    rule: str
    file: str
    message: str
    frame: int | None = None
    label: int | None = None

    def __str__(self) -> str:
        where = self.file
        where += "" if self.frame is None else f", frame {self.frame}"
        where += "" if self.label is None else f", label {self.label}"
        return f"{self.rule}: {where}: {self.message}"


@dataclass(frozen=True, slots=True)
class Scores:
    """Measures of one result with what is needed to trust them: data, settings, versions."""

    values: Mapping[str, float | int | None]
    dataset: str
    sequence: str
    settings: Mapping[str, object] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reliability:
    """Whether probabilities came true: per tenth of the scale how many proposals, what was said on average, what share held.

    ``name`` says in words what they are probabilities of.
    """

    name: str
    count: npt.NDArray[np.int64]
    said: npt.NDArray[np.float64]
    seen: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if not len(self.count) == len(self.said) == len(self.seen):
            raise ValueError(f"{self.name}: {len(self.count)} counts, {len(self.said)} said, {len(self.seen)} seen")

    @property
    def calibration_error(self) -> float:
        """Mean difference between what was said and what was seen, over all proposals."""
        off = self.count * np.abs(np.asarray(self.said) - self.seen)
        return float(np.sum(off) / max(int(np.sum(self.count)), 1))


class ErrorKind(IntEnum):
    """How a result differs from the truth at a place."""

    MISSED = 0
    """A true cell without a mask."""
    INVENTED = 1
    """A mask where there is no cell."""
    JOINED = 2
    """A mask over several true cells."""
    WRONG_LINK = 3
    """Two masks that are linked and are not the same cell."""
    MISSING_LINK = 4
    """A true step between two cells that were found, which the result lacks."""


@dataclass(frozen=True, slots=True)
class Errors:
    """Where a result differs from the truth: one row per error, by frame; ``kind`` is the value of `ErrorKind`.

    ``at_um`` is (n, ndim) in (z)yx. ``track`` is the result's track there, 0 of a cell that was missed. Of links, frame and
    place are those of their later end.
    """

    frame: npt.NDArray[np.int64]
    kind: npt.NDArray[np.int64]
    track: npt.NDArray[np.int64]
    at_um: npt.NDArray[np.float64]

    def __post_init__(self) -> None:
        if not len(self.frame) == len(self.kind) == len(self.track) == len(self.at_um):
            raise ValueError(f"{len(self.frame)} frames of errors, {len(self.kind)} kinds, {len(self.at_um)} places")

    def __len__(self) -> int:
        return len(self.frame)
