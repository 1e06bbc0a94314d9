"""Numbers and small tables as HTML: escaped, aligned, with the spaces where people expect them."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence

THIN = "\u202f"
"""Narrow space that does not break: between thousands, and between a number and its unit."""

LARGE = 10.0
"""From here on a measure is a cost or a count, not a share: one digit is enough."""


def escape(text: object) -> str:
    """Text that may stand anywhere in the page, attributes included."""
    return html.escape(str(text), quote=True)


def count(n: int) -> str:
    """A whole number with spaces between thousands."""
    return f"{n:,}".replace(",", THIN)


def counted(n: int, thing: str, things: str = "") -> str:
    """A number and its noun: ``1 track``, ``2 tracks``."""
    return f"{count(n)} {thing if n == 1 else things or thing + 's'}"


def score(value: float | int | None) -> str:
    """A measure: counts whole, shares with three digits, what is not defined as words."""
    if value is None or not math.isfinite(value):
        return "not defined"
    if isinstance(value, int):
        return count(value)
    return f"{value:.3f}" if abs(value) < LARGE else f"{value:.1f}"


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    if seconds < 100:
        return f"{seconds:.1f}{THIN}s"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"{round(seconds) // 60}{THIN}min {round(seconds) % 60}{THIN}s"
    return f"{minutes // 60}{THIN}h {minutes % 60}{THIN}min"


def table(caption: str, head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """A table of cells that are HTML already; columns in ``numbers`` are aligned to the right."""
    kind = [' class="number"' if i in numbers else "" for i in range(len(head))]
    top = "".join(f'<th scope="col"{k}>{name}</th>' for k, name in zip(kind, head, strict=True))
    body = "\n".join(
        "<tr>" + "".join(f"<td{k}>{cell}</td>" for k, cell in zip(kind, row, strict=True)) + "</tr>" for row in rows
    )
    return (
        f'<div class="wide"><table>\n<caption>{caption}</caption>\n<thead><tr>{top}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody></table></div>"
    )


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """A list of names and values; both escaped here."""
    return "<dl>" + "".join(f"<div><dt>{escape(a)}</dt><dd>{escape(b)}</dd></div>" for a, b in pairs) + "</dl>"
