"""What is said about a result: the scores of an evaluation, the violations of a check."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


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
