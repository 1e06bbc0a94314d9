"""The page itself: its sections, put together into one file that loads nothing.

Same data, same bytes: no time of day, no random name. Everything that comes from outside is escaped where it is written.
"""

from __future__ import annotations

import json
import re
import zlib
from string import Template
from typing import Any

import numpy as np
import pandas as pd

from samtrack.report.colours import line_colours
from samtrack.report.data import ReportData
from samtrack.report.decisions import tell_doubtful, write_doubtful
from samtrack.report.lineages import summarise_lineages
from samtrack.report.mistakes import tell_errors, write_errors
from samtrack.report.movie import Movie, draw_movie
from samtrack.report.opening import write_opening, write_scores
from samtrack.report.own import own_file
from samtrack.report.player import tell_movie, write_movie
from samtrack.report.plots import write_plots
from samtrack.report.run_facts import write_facts, write_run
from samtrack.report.tables import (
    DOUBTFUL_BELOW,
    count_per_frame,
    find_steps,
    is_doubtful,
    list_doubtful,
    summarise_result,
)
from samtrack.report.trees import tell_family, write_lineages
from samtrack.report.trust import write_trust
from samtrack.report.words import escape

SCRIPTS = ("pack", "family", "lines", "player", "lineages", "review", "main")
"""Parts of the page's script, ``page_NAME.js``, in order."""


def draw_page(data: ReportData, movie: Movie | None = None) -> str:
    """The report of one sequence as HTML text; ``movie`` is what was drawn already of its frames."""
    steps = find_steps(data.detections, data.tracks)
    counts = count_per_frame(data)
    movie = movie or draw_movie(data)
    lineages = summarise_lineages(data.tracks)
    doubtful = list_doubtful(data)
    body = [
        write_opening(data, summarise_result(data), counts),
        write_movie(data, movie),
        write_doubtful(data, doubtful, movie.contrast),
        write_lineages(data, lineages),
        write_plots(data, steps, counts),
        write_trust(data),
        write_scores(data),
        write_errors(data),
        write_facts(data),
        write_run(data),
    ]
    about = _tell(data, movie, doubtful) | {"family": tell_family(data, lineages)}
    return Template(own_file("page.html")).substitute(
        title=escape(f"{data.dataset} / {data.sequence} – samtrack"),
        style=own_file("page.css"),
        script="\n".join(own_file(f"page_{name}.js") for name in SCRIPTS),
        body="\n\n".join(part for part in body if part),
        about=json.dumps(about, separators=(",", ":")).replace("<", "\\u003c"),  # cannot end the element it stands in
    )


def _tell(data: ReportData, movie: Movie, doubtful: pd.DataFrame) -> dict[str, Any]:
    """What the script must know; its columns of numbers are packed (`encode.pack`)."""
    decisions = tell_doubtful(data, doubtful)
    unsure = doubtful[is_doubtful(doubtful["probability"].to_numpy())]
    track = data.tracks.track_of[unsure["source"].to_numpy(dtype=np.int64)]
    return {
        "name": f"{data.dataset}/{data.sequence}",
        "mark": zlib.crc32(
            json.dumps(decisions).encode("utf-8")
        ),  # verdicts of other decisions are not taken for these
        "corrections": re.sub(r"[^\w.+-]", "_", f"{data.dataset}_{data.sequence}_corrections.csv"),
        "n_frames": data.n_frames,
        "doubtful": round(100 * DOUBTFUL_BELOW),
        "doubts": list(zip(track.tolist(), unsure["frame"].tolist(), strict=True)),
        "decisions": decisions,
        "lines": line_colours(),
        "movie": tell_movie(data, movie),
        "errors": tell_errors(data, movie),
    }
