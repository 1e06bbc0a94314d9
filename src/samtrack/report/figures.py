"""The plots: each function takes data and an axis, draws on it, and returns nothing.

Colours are roles (`Role`), not colours: `svg.write_svg` turns each into a variable of the page's style sheet, so that a
plot follows the page into the dark.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import MaxNLocator

from samtrack.report.tables import DOUBTFUL_BELOW
from samtrack.types import Reliability

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.floating[Any]]

HISTOGRAM_BINS = 24
"""Bins of a histogram, at most."""

PROBABILITY_BINS = 20
"""Bins of 0.05; the limit of doubt falls on an edge."""

LEAST_IN_BIN = 5
"""Proposals that a point of a reliability plot rests on, at least; fewer say nothing of a share."""


class Role(StrEnum):
    """Stand-in colours: never seen, replaced by the style sheet's colours of the same name."""

    INK = "#010101"
    MUTED = "#020202"
    GRID = "#030303"
    MAIN = "#040404"
    SECOND = "#050505"
    THIRD = "#060606"
    FOURTH = "#070707"
    FIFTH = "#080808"


def draw_cells(axis: Axes, counts: pd.DataFrame) -> None:
    """Cells per frame: all masks, and how many of them were seen (the rest was filled)."""
    total = counts["seen"] + counts["filled"]
    if counts["filled"].any():
        axis.plot(counts["frame"], counts["seen"], color=Role.SECOND, linewidth=1, label="seen")
        label = "with filled masks"
    else:
        label = "cells"
    axis.plot(counts["frame"], total, color=Role.MAIN, linewidth=1.6, label=label, **_dot_if_alone(len(counts)))
    axis.set_ylim(0, max(1.0, float(total.max())) * 1.08)
    _label(axis, "frame", "cells")
    if counts["filled"].any():
        _legend(axis)


def draw_lengths(axis: Axes, lengths: Ints) -> None:
    """Histogram of the tracks' lengths in frames."""
    longest = int(lengths.max(initial=1))
    step = max(1, -(-longest // HISTOGRAM_BINS))
    edges = np.arange(1, longest + step + 1, step) - 0.5
    tracks = np.histogram(lengths, edges)[0]
    _fill_bars(axis, tracks, edges, Role.MAIN)
    axis.set_ylim(0, max(1, int(tracks.max())) * 1.08)
    _label(axis, "frames from first to last", "tracks")


def draw_events(axis: Axes, counts: pd.DataFrame) -> None:
    """Tracks that begin and divisions upwards, tracks that end downwards, per frame."""
    edges = np.arange(len(counts) + 1) - 0.5
    divides, begins, ends = (counts[name].to_numpy() for name in ("divides", "begins", "ends"))
    _fill_bars(axis, divides, edges, Role.MAIN, label="divisions")
    _fill_bars(axis, divides + begins, edges, Role.SECOND, baseline=divides, label="begin without mother")
    _fill_bars(axis, -ends, edges, Role.THIRD, label="end early")
    most = max(1, int((divides + begins).max(initial=0)), int(ends.max(initial=0)))
    axis.set_ylim(-most * 1.1, most * 1.1)
    axis.axhline(0, color=Role.MUTED, linewidth=0.8)
    axis.yaxis.set_major_formatter(lambda value, _: f"{abs(value):g}")
    _label(axis, "frame", "tracks")
    _legend(axis)


def draw_band(axis: Axes, band: pd.DataFrame, label: str) -> None:
    """Median per frame as a line, and the band from the 10th to the 90th percentile."""
    axis.fill_between(band["frame"], band["low"], band["high"], color=Role.MAIN, alpha=0.2, linewidth=0)
    few = _dot_if_alone(int(band["median"].notna().sum()))
    axis.plot(band["frame"], band["median"], color=Role.MAIN, linewidth=1.6, **few)
    top = float(np.nanmax(band["high"])) if band["high"].notna().any() else 1.0
    axis.set_ylim(0, max(top, 1e-6) * 1.08)
    axis.set_xlim(-0.5, len(band) - 0.5)
    _label(axis, "frame", label)


def draw_probabilities(axis: Axes, chosen: Floats) -> None:
    """Histogram of the chosen links' probabilities; the doubtful part in another colour, the count axis logarithmic."""
    edges = np.arange(PROBABILITY_BINS + 1) / PROBABILITY_BINS  # so that 0.7 is 0.7
    count = np.histogram(chosen, edges)[0]
    limit = round(DOUBTFUL_BELOW * PROBABILITY_BINS)
    axis.set_yscale("symlog", linthresh=1)  # sure links outnumber the doubtful ones by thousands
    _fill_bars(axis, count[limit:], edges[limit:], Role.MAIN, label="chosen links")
    _fill_bars(axis, count[:limit], edges[: limit + 1], Role.SECOND, label=f"doubtful: below {DOUBTFUL_BELOW:g}")
    axis.set_ylim(0, max(2.0, float(count.max(initial=0))) * 1.5)
    axis.set_xlim(0, 1)
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
    _label(axis, "probability", "links", whole=False)
    _legend(axis)


def draw_reliability(axis: Axes, held_out: Reliability | None, here: Reliability | None) -> None:
    """What share was true against what was said, on movies held out and on this one; honest points lie on the diagonal."""
    axis.plot([0, 1], [0, 1], color=Role.MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    for told, colour, label in ((held_out, Role.MAIN, "movies held out"), (here, Role.SECOND, "this movie")):
        if told is None:
            continue
        enough = told.count >= LEAST_IN_BIN
        count, said, seen = told.count[enough], told.said[enough], told.seen[enough]
        chance = np.sqrt(np.maximum(seen * (1 - seen), 0) / np.maximum(count, 1))
        axis.vlines(said, seen - chance, np.minimum(seen + chance, 1.0), color=colour, linewidth=1)
        axis.plot(said, seen, "o-", color=colour, linewidth=1.4, markersize=4, label=label)
    axis.set_xlim(-0.02, 1.02)
    axis.set_ylim(-0.02, 1.02)
    _label(axis, "probability that was said", "share that was true", whole=False)
    _legend(axis)


def draw_gaps(axis: Axes, filled: Ints, left: Ints) -> None:
    """Histogram of the gaps inside of tracks, by their length in frames: filled with masks, and left open."""
    longest = int(max(filled.max(initial=1), left.max(initial=1)))
    step = max(1, -(-longest // HISTOGRAM_BINS))
    edges = np.arange(1, longest + step + 1, step) - 0.5
    counts = [np.histogram(lengths, edges)[0] for lengths in (filled, left)]
    _fill_bars(axis, counts[0], edges, Role.MAIN, label="filled")
    if counts[1].any():
        _fill_bars(axis, counts[0] + counts[1], edges, Role.SECOND, baseline=counts[0], label="left open, or in part")
    axis.set_ylim(0, max(1, int((counts[0] + counts[1]).max())) * 1.08)
    _label(axis, "missing frames in a row", "gaps")
    _legend(axis)


def draw_errors(axis: Axes, per_frame: pd.DataFrame) -> None:
    """Errors against the truth, stacked by kind, per frame; one column of the table per kind."""
    edges = np.arange(len(per_frame) + 1) - 0.5
    below = np.zeros(len(per_frame), dtype=np.int64)
    roles = (Role.MAIN, Role.SECOND, Role.THIRD, Role.FOURTH, Role.FIFTH)
    for role, kind in zip(roles, per_frame.columns, strict=False):
        top = below + per_frame[kind].to_numpy()
        if (top > below).any():
            _fill_bars(axis, top, edges, role, baseline=below, label=str(kind))
        below = top
    axis.set_ylim(0, max(1, int(below.max(initial=0))) * 1.08)
    _label(axis, "frame", "errors")
    _legend(axis)


def draw_error_map(axis: Axes, places: Mapping[str, Floats], size: tuple[float, float], unit: str) -> None:
    """Errors on the field, (n, 2) of y and x by kind; seen from above in 3D; y runs downwards as in pictures."""
    roles = (Role.MAIN, Role.SECOND, Role.THIRD, Role.FOURTH, Role.FIFTH)
    marks = ("x", "s", "d", "o", "^")
    for role, mark, (kind, at) in zip(roles, marks, places.items(), strict=False):
        if len(at):
            alpha = max(0.15, min(0.9, 300 / len(at)))
            axis.plot(at[:, 1], at[:, 0], mark, color=role, markersize=3.2, alpha=alpha, linestyle="none", label=kind)
    axis.set_xlim(0, size[1])
    axis.set_ylim(size[0], 0)
    axis.set_aspect("equal")
    _label(axis, f"x ({unit})", f"y ({unit})", whole=False)
    axis.spines["top"].set_visible(True)
    axis.spines["right"].set_visible(True)


def _fill_bars(
    axis: Axes, height: npt.NDArray[np.integer], edges: Floats, colour: str, baseline: Ints | int = 0, label: str = ""
) -> None:
    """Bars as one filled outline: a movie has thousands of frames, and an outline stays small."""
    axis.stairs(height, edges, baseline=baseline, fill=True, color=colour, linewidth=0, label=label)


def _dot_if_alone(n: int) -> dict[str, Any]:
    """A marker for a line of one point, which could not be seen."""
    return {"marker": "o", "markersize": 4} if n == 1 else {}


def _label(axis: Axes, x: str, y: str, whole: bool = True) -> None:
    """Names of the axes, quiet grid lines across, whole numbers where things are counted."""
    axis.set_xlabel(x)
    axis.set_ylabel(y)
    axis.grid(axis="y", color=Role.GRID, linewidth=0.6)
    axis.set_axisbelow(True)
    if whole:
        axis.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=7))
        axis.yaxis.set_major_locator(MaxNLocator(integer=y in ("cells", "tracks", "gaps", "errors"), nbins=5))


def _legend(axis: Axes) -> None:
    """A legend above the plot, on one line: text and short samples, over nothing that is drawn."""
    legend = axis.legend(
        loc="lower left",
        bbox_to_anchor=(0, 1),
        ncols=3,
        frameon=False,
        fontsize=8,
        handlelength=1.1,
        borderaxespad=0.1,
        columnspacing=1.4,
    )
    for line in legend.get_lines():
        line.set_linewidth(2)
