"""The page of the browser viewer: one file without anything from elsewhere."""

from __future__ import annotations

import html
import json
from collections.abc import Sequence
from importlib.resources import files

from samtrack.view.colours import palette


def draw_viewer(title: str, sequences: Sequence[str], pages: Sequence[str]) -> str:
    """The page; ``pages`` are the names of report pages beside the result."""
    text = files("samtrack.view").joinpath("page.html").read_text(encoding="utf-8")
    known = {"sequences": list(sequences), "colours": [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in palette().tolist()]}
    links = " ".join(f'<a href="/files/{html.escape(page)}">{html.escape(page)}</a>' for page in pages)
    data = json.dumps(known).replace("<", "\\u003c")
    return text.replace("{{title}}", html.escape(title)).replace("{{pages}}", links).replace("{{data}}", data)
