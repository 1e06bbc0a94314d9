"""The page of the browser viewer: one file without anything from elsewhere."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files

from samtrack.view.colours import palette
from samtrack.view.edits import ACTIONS


def draw_viewer(title: str, sequences: Sequence[str], pages: Sequence[str], columns: Sequence[str]) -> str:
    """The page; ``pages`` are the names of report pages beside the result, ``columns`` those of a file of edits."""
    known = {
        "title": title,
        "sequences": list(sequences),
        "colours": [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in palette().tolist()],
        "actions": ACTIONS,
        "columns": list(columns),
    }
    links = " ".join(f'<a href="/files/{html.escape(page)}">{html.escape(page)}</a>' for page in pages)
    text = _own("page.html").replace("{{style}}", _own("page.css")).replace("{{script}}", _own("page.js"))
    text = text.replace("{{title}}", html.escape(title)).replace("{{pages}}", links)
    return text.replace("{{data}}", json.dumps(known).replace("<", "\\u003c"))


def _own(name: str) -> str:
    """A file of this room."""
    return files("samtrack.view").joinpath(name).read_text(encoding="utf-8")
