"""The plots and the lineages as HTML: each figure with a heading, a description in words, and how to read it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from samtrack.report import figures
from samtrack.report.lineages import Trees
from samtrack.report.svg import draw_svg
from samtrack.report.tables import (
    DOUBTFUL_BELOW,
    ReportData,
    Steps,
    is_doubtful,
    measure_displacement,
    measure_sizes,
    plain_links,
    track_lengths,
    unit_of,
)
from samtrack.report.words import count, counted, escape

ROW_INCHES = 0.1
"""Height of a row of the lineages: room for a number."""

LINEAGES_INCHES = (2.0, 24.0)
"""Least and greatest height of the lineages; rows of a giant tree move together."""


def write_plots(data: ReportData, steps: Steps, counts: pd.DataFrame) -> str:
    """The six plots over time and over probability."""
    chosen = data.links.score[plain_links(data)]
    doubtful = int(is_doubtful(chosen).sum())
    unit = unit_of(data.images.scale)
    moved = measure_displacement(data.detections, steps, data.n_frames)
    sizes, power = measure_sizes(data), "²" if data.detections.ndim == 2 else "³"
    lengths = track_lengths(data.tracks)
    typical = (
        f"Half of the tracks are at least {counted(int(np.median(lengths)), 'frame')} long." if len(lengths) else ""
    )
    made = [
        ("cells", "Cells per frame", "", partial(figures.draw_cells, counts=counts)),
        ("lengths", "Length of the tracks", typical, partial(figures.draw_lengths, lengths=lengths)),
        (
            "events",
            "Beginnings, divisions and ends",
            "Below the line: tracks that end without a division. Cells come and go at the rim; inside, each of these "
            "may be an error.",
            partial(figures.draw_events, counts=counts),
        ),
        (
            "moved",
            f"Movement in {unit} per frame",
            "Line: median. Band: eight of ten cells. A lone peak may be a jump of the stage.",
            partial(figures.draw_band, band=moved, label=f"{unit} per frame"),
        ),
        (
            "size",
            f"Size of the cells in {unit}{power}",
            "Line: median. Band: eight of ten cells. A step may be a change of focus or of staining.",
            partial(figures.draw_band, band=sizes, label=f"{unit}{power}"),
        ),
        (
            "sure",
            "How sure the links are",
            f"{count(doubtful)} of {counted(len(chosen), 'chosen link')} are doubtful: their probability is below "
            f"{DOUBTFUL_BELOW:g}.",
            partial(figures.draw_probabilities, chosen=chosen),
        ),
    ]
    plots = "\n".join(
        f"<figure><h3>{escape(title)}</h3>\n{draw_svg(f'plot-{name}', f'Plot: {title}. {told}', draw)}\n"
        f"<figcaption>{escape(told)}</figcaption></figure>"
        for name, title, told, draw in made
    )
    return f'<section id="time">\n<h2>Over time</h2>\n<div class="plots">\n{plots}\n</div>\n</section>'


def write_lineages(data: ReportData, trees: Trees) -> str:
    """The largest lineage trees, and how many are not shown."""
    start = '<section id="lineages">\n<h2>Lineages</h2>\n'
    if not len(trees.track):
        return start + "<p>There is no track, so there is no lineage.</p>\n</section>"
    low, high = LINEAGES_INCHES
    height = min(max(trees.n_rows * ROW_INCHES + 0.6, low), high)
    draw = partial(figures.draw_lineages, trees=trees, n_frames=data.n_frames)
    hidden = trees.n_lineages - trees.n_shown
    largest = "largest lineage" if trees.n_shown == 1 else f"{trees.n_shown} largest lineages"
    told = f"The {largest} of {count(trees.n_lineages)}" if hidden else counted(trees.n_lineages, "lineage")
    told += f", with {counted(len(trees.track), 'track')}."
    if hidden:
        left = trees.n_tracks - len(trees.track)
        told += f" Not shown: {counted(hidden, 'smaller lineage')} with {counted(left, 'track')}."
    told += " A dot is a track that ends before the last frame."
    drawn = draw_svg("plot-lineages", f"Lineage trees. {told}", draw, (9.6, height))
    caption = f"<figcaption>{escape(told)}</figcaption>"
    return start + f'<figure class="trees">{caption}\n<div class="wide">{drawn}</div></figure>\n</section>'
