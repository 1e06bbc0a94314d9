"""How far the probabilities can be trusted: reliability diagrams, as HTML."""

from __future__ import annotations

from functools import partial

import numpy as np

from samtrack.report import figures
from samtrack.report.data import ReportData
from samtrack.report.svg import draw_svg
from samtrack.report.words import counted, escape
from samtrack.types import Reliability

RELIABILITY_INCHES = (4.4, 3.0)
"""Size of a diagram: higher than other plots, for both of its axes run from 0 to 1."""

TOLD = (
    "What is called 70 % likely should be true in 70 % of cases: points on the broken line are honest, points below it were "
    "too sure. The upright strokes are what chance alone may do (one standard error); tenths of the scale with fewer than "
    f"{figures.LEAST_IN_BIN} proposals are left out."
)


def write_trust(data: ReportData) -> str:
    """A diagram for each kind of probability: on the movies of the model's card, and on this one if it has a truth."""
    held_out, here = ({told.name: told for told in tolds} for tolds in (data.held_out, data.came_true))
    start = '<section id="trust">\n<h2>How far the probabilities can be trusted</h2>\n'
    if not held_out and not here:
        return start + "<p>The link model has no card, and no truth was given to compare with.</p>\n</section>"
    plots = []
    for i, name in enumerate(dict.fromkeys([*held_out, *here])):
        pair = held_out.get(name), here.get(name)
        told = " ".join(_told(*part) for part in zip(pair, ("movies held out", "this movie"), strict=True) if part[0])
        draw = partial(figures.draw_reliability, held_out=pair[0], here=pair[1])
        title = name[0].upper() + name[1:]
        drawn = draw_svg(f"plot-trust-{i}", f"Plot: {title}. {told}", draw, RELIABILITY_INCHES)
        plots.append(f"<figure><h3>{escape(title)}</h3>\n{drawn}\n<figcaption>{escape(told)}</figcaption></figure>")
    drawn_all = "\n".join(plots)
    lead = f"<p>{escape(TOLD + ('' if here else _NO_TRUTH))}</p>"
    return f'{start}{lead}\n<div class="plots">\n{drawn_all}\n</div>\n</section>'


_NO_TRUTH = " This movie has no truth, so only movies held out when the link model was fitted are shown."


def _told(told: Reliability | None, where: str) -> str:
    """The calibration error of one line in words."""
    if told is None:
        return ""
    n = int(np.sum(told.count))
    off = f"{100 * told.calibration_error:.1f}"
    return f"On {where} said and seen differ by {off} percentage points, over {counted(n, 'proposal')}."
