"""What a browser asks of the viewer's server, from the path of the request."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import parse_qs, unquote, urlsplit

PROJECTION = -1
"""In place of a plane: the maximum over all of them."""

_SEQUENCE = r"/(?P<sequence>[A-Za-z0-9][A-Za-z0-9_.+-]*)"
_PATTERNS: dict[str, re.Pattern[str]] = {
    "page": re.compile(r"/"),
    "file": re.compile(r"/files/(?P<file>.+)"),
    "facts": re.compile(_SEQUENCE + r"/facts\.json"),
    "cells": re.compile(_SEQUENCE + r"/cells/(?P<frame>\d{1,9})\.json"),
    "track": re.compile(_SEQUENCE + r"/track/(?P<track>\d{1,9})\.json"),
    "edit": re.compile(_SEQUENCE + r"/edit/(?P<action>[a-z]{1,20})\.json"),
    "picture": re.compile(_SEQUENCE + r"/frame/(?P<frame>\d{1,9})/(?P<plane>\d{1,9}|max)\.png"),
    "at": re.compile(_SEQUENCE + r"/at/(?P<frame>\d{1,9})/(?P<plane>\d{1,9}|max)/(?P<y>\d{1,9})/(?P<x>\d{1,9})\.json"),
}

Kind = Literal["page", "file", "facts", "cells", "track", "edit", "picture", "at"]

_CELL = re.compile(r"(\d{1,9})-(\d{1,9})")
"""A cell that was picked: its frame and its track."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One request: its kind, and what of the rest that kind has."""

    kind: Kind
    sequence: str = ""
    frame: int = 0
    plane: int = 0
    place: tuple[int, int] = (0, 0)
    file: str = ""
    labels: bool = True
    level: int | None = None
    gain: float = 1.0
    """How many times brighter than usual a picture is."""
    is_dated: bool = False
    """Whether the request names the result's version, so that the answer may be kept."""
    track: int = 0
    action: str = ""
    cells: tuple[tuple[int, int], ...] = ()
    note: str = ""


def read_request(target: str) -> Asked | None:
    """What a request line's target asks for; None if it is nothing that the server knows."""
    parts = urlsplit(target)
    path, query = unquote(parts.path), parse_qs(parts.query)
    for kind, pattern in _PATTERNS.items():
        match = pattern.fullmatch(path)
        if match is None:
            continue
        found = match.groupdict()
        plane = found.get("plane") or "0"
        level = query.get("level", [""])[0]
        return Asked(
            kind,  # type: ignore[arg-type]
            found.get("sequence") or "",
            int(found.get("frame") or 0),
            PROJECTION if plane == "max" else int(plane),
            (int(found.get("y") or 0), int(found.get("x") or 0)),
            found.get("file") or "",
            query.get("labels", ["1"])[0] != "0",
            int(level) if level.isdecimal() else None,
            _number(query.get("gain", ["1"])[0]),
            "v" in query,
            int(found.get("track") or 0),
            found.get("action") or "",
            tuple((int(frame), int(track)) for frame, track in _CELL.findall(query.get("cells", [""])[0])),
            query.get("note", [""])[0],
        )
    return None


def _number(text: str) -> float:
    """A positive number that a picture can be multiplied by; 1 for anything else."""
    return float(text) if re.fullmatch(r"\d{1,3}(\.\d{1,6})?", text) and float(text) > 0 else 1.0
