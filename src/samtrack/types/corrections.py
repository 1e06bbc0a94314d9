"""Corrections of a result: what a person wrote (`Edit`, by tracks), and what of it lasts (`Pin`, by detections)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Action = Literal["link", "unlink", "divide", "delete", "relabel"]
PinAction = Literal["link", "divide", "unlink", "apart", "delete"]

Cell = tuple[int, int]
"""Frame and label of a detection."""

Place = tuple[float, ...]
"""A centroid, (z)yx in micrometres."""


@dataclass(frozen=True, slots=True)
class Edit:
    """One row of a file of edits, by the tracks of the result that the person looked at.

    ``frame`` and ``other_frames`` may be missing (None, empty) where the action can do without. ``text`` is the row as it
    was written, ``where`` names file and line.
    """

    action: Action
    frame: int | None
    track: int
    other_frames: tuple[int, ...]
    other_tracks: tuple[int, ...]
    text: str
    where: str


@dataclass(frozen=True, slots=True)
class Pin:
    """One constraint that the decision keeps, by detections, whose numbers do not change with the decision.

    link: ``cell`` goes on as the one of ``others``; divide: it divides into the two; unlink: it is neither that cell nor
    its mother; apart: the same, as a consequence of another pin, to which it gives way; delete: it is no cell. ``edit`` is
    the number of the edit that it comes from and ``text`` that edit as it was written.
    """

    action: PinAction
    cell: Cell
    others: tuple[Cell, ...]
    edit: int
    text: str
    where: str = ""
    places: tuple[Place, ...] = ()

    @property
    def cells(self) -> tuple[Cell, ...]:
        """All detections that it speaks of, as ``places`` does."""
        return (self.cell, *self.others)

    @property
    def told(self) -> str:
        """The pin in words, for messages."""
        return f"{self.where} ({self.text})"
