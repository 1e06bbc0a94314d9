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
    "picture": re.compile(_SEQUENCE + r"/frame/(?P<frame>\d{1,9})/(?P<plane>\d{1,9}|max)\.png"),
    "at": re.compile(_SEQUENCE + r"/at/(?P<frame>\d{1,9})/(?P<plane>\d{1,9}|max)/(?P<y>\d{1,9})/(?P<x>\d{1,9})\.json"),
}

Kind = Literal["page", "file", "facts", "cells", "picture", "at"]


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
        )
    return None
