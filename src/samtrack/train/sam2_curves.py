"""The curves of a training run as a picture: what is minimised, step by step, and what held-out clips say."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

Table = Mapping[str, Sequence[float]]

POINTS = 100
"""Points of a curve of losses: means over so many parts of the run, for single steps jump about."""

SHOWN = {"focal": "focal", "dice": "dice", "iou": "expected IoU", "present": "presence", "outlines": "outlines"}
"""Columns of the losses that are drawn, with their names."""

SIZE_INCHES = (9.0, 3.2)


def draw_curves(losses: Table, checks: Table) -> str:
    """Both tables (columns by name, the first one ``step``) as an SVG file; equal tables give equal text."""
    with mpl.rc_context({"svg.hashsalt": "curves", "svg.fonttype": "none", "font.size": 9}):
        figure = Figure(figsize=SIZE_INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        left, right = figure.subplots(1, 2)
        for column, name in SHOWN.items():
            if column in losses:
                left.plot(_means(losses["step"]), _means(losses[column]), label=name, linewidth=1)
        left.set(xlabel="step", ylabel="loss", yscale="log", title="minimised")
        for column in checks:
            if column != "step":
                right.plot(checks["step"], checks[column], label=column, marker=".", linewidth=1)
        right.set(xlabel="step", ylim=(0, 1), title="on held-out clips")
        for axes in (left, right):
            if axes.lines:
                axes.legend(frameon=False, fontsize=8)
        text = io.StringIO()
        figure.savefig(text, format="svg", metadata={"Date": None})
    return text.getvalue()


def _means(values: Sequence[float]) -> npt.NDArray[np.float64]:
    parts = np.array_split(np.asarray(values, dtype=np.float64), min(POINTS, max(len(values), 1)))
    return np.array([part.mean() for part in parts if len(part)])
