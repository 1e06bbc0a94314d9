"""The plots as HTML: each figure with a heading, a description in words, and how to read it."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from samtrack.report import figures
from samtrack.report.data import ReportData
from samtrack.report.svg import draw_svg
from samtrack.report.tables import (
    DOUBTFUL_BELOW,
    Steps,
    gap_lengths,
    is_doubtful,
    measure_displacement,
    measure_sizes,
    plain_links,
    track_lengths,
    unit_of,
)
from samtrack.report.words import count, counted, escape


def write_plots(data: ReportData, steps: Steps, counts: pd.DataFrame) -> str:
    """The plots over time and over probability."""
    chosen = data.links.score[plain_links(data)]
    doubtful = int(is_doubtful(chosen).sum())
    unit = unit_of(data.images.scale)
    moved = measure_displacement(data.detections, steps, data.n_frames)
    sizes, power = measure_sizes(data), "²" if data.detections.ndim == 2 else "³"
    lengths, gaps = track_lengths(data.tracks), gap_lengths(data, steps)
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
            "gaps",
            "Gaps inside of tracks",
            f"{counted(len(gaps[0]), 'gap')} filled with masks, {count(len(gaps[1]))} left open or in part.",
            partial(figures.draw_gaps, filled=gaps[0], left=gaps[1]),
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
