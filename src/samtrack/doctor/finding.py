"""What a check found, as data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """How bad it is: fine; a run works but worse than it could, or nobody can tell; a run fails or gives wrong results."""

    OK = "ok"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was checked, what was found there, and what to do unless it is fine."""

    verdict: Verdict
    checked: str
    found: str
    do: str = ""
    topic: str = ""

    def __post_init__(self) -> None:
        if (self.verdict is not Verdict.OK) != bool(self.do):
            raise ValueError(
                f"{self.checked}: a {self.verdict} has something to do, and what is fine has not: {self.do!r}"
            )


def ok(checked: str, found: str) -> Finding:
    """All is well."""
    return Finding(Verdict.OK, checked, found)


def note(checked: str, found: str, do: str) -> Finding:
    """Worth knowing; a run still works."""
    return Finding(Verdict.NOTE, checked, found, do)


def problem(checked: str, found: str, do: str) -> Finding:
    """A run would fail, hang, or not be what was asked for."""
    return Finding(Verdict.PROBLEM, checked, found, do)
