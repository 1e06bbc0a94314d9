"""The room's own files: style sheet, skeletons of sections, scripts."""

from __future__ import annotations

from importlib import resources


def own_file(name: str) -> str:
    """The text of a file of this room, without the line that ends it."""
    return (resources.files("samtrack.report") / name).read_text(encoding="utf-8").strip()
