"""Figures as SVG inside the page: same bytes each time, text as text, colours from the page's style sheet."""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from samtrack.report.figures import Role

STYLE: dict[str, Any] = {
    "svg.fonttype": "none",
    "font.size": 9,
    "font.family": "sans-serif",
    "text.color": Role.INK,
    "axes.labelcolor": Role.MUTED,
    "axes.edgecolor": Role.MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": Role.MUTED,
    "ytick.color": Role.MUTED,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "savefig.edgecolor": "none",
}

PLOT_INCHES = (4.4, 2.3)
"""Size of a plot; at 96 px an inch its text is about as large as the page's."""


def draw_svg(name: str, told: str, draw: Callable[[Axes], None], inches: tuple[float, float] = PLOT_INCHES) -> str:
    """What ``draw`` puts on an axis, as an ``<svg>`` element; ``told`` says in words what is seen, for who cannot see.

    ``name`` must be unique in the page: it keeps the names inside the element apart from those of other plots.
    """
    style: Any = {**STYLE, "svg.hashsalt": name}
    with mpl.rc_context(style):
        figure = Figure(figsize=inches, layout="constrained")
        FigureCanvasSVG(figure)
        draw(figure.subplots())
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None, "Creator": None, "Format": None, "Type": None})
    return write_svg(text.getvalue(), told)


def write_svg(text: str, told: str) -> str:
    """Matplotlib's SVG file as an element of a page: without head, foreign addresses, sizes and needless names."""
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'\sxmlns(:xlink)?="[^"]*"', "", text)
    text = re.sub(r'<g id="[^"]*"', "<g", text)  # nothing refers to groups, and every plot has a "figure_1"
    text = text.replace("xlink:href=", "href=")
    text = re.sub(r'<svg width="[^"]*" height="[^"]*"', "<svg", text)
    text = re.sub(r"<style.*?</style>", "", text, flags=re.DOTALL)  # would hold for the whole page; page.css says it
    text = re.sub(r"font-family: [^;\"]*;? ?", "", text)
    text = re.sub(r' transform="rotate\(-0 [^"]*"', "", text)
    text = re.sub(r"(\d\.\d{2})\d+", r"\1", text)  # a hundredth of a point cannot be seen
    for role in Role:
        text = text.replace(role.value, f"var(--plot-{role.name.lower()})")
    text = re.sub(r"\s*\n\s*", "\n", text)
    return text.replace("<svg", f'<svg role="img" aria-label="{html.escape(told)}"', 1).strip()
