"""The page itself: its sections, put together into one file that loads nothing.

Same data, same bytes: no time, no random name. Everything that comes from outside is escaped where it is written.
"""

from __future__ import annotations

from importlib import resources
from string import Template

from samtrack.report.decisions import write_doubtful
from samtrack.report.lineages import plant_trees
from samtrack.report.movie import draw_movie
from samtrack.report.opening import write_facts, write_opening, write_scores
from samtrack.report.player import write_movie, write_tracks
from samtrack.report.plots import write_lineages, write_plots
from samtrack.report.tables import ReportData, count_per_frame, find_steps, list_doubtful, summarise_result
from samtrack.report.trust import write_trust
from samtrack.report.words import escape


def draw_page(data: ReportData) -> str:
    """The report of one sequence as HTML text."""
    steps = find_steps(data.detections, data.tracks)
    counts = count_per_frame(data)
    movie = draw_movie(data, steps)
    body = [
        write_opening(data, summarise_result(data), counts),
        write_movie(data, movie),
        write_plots(data, steps, counts),
        write_lineages(data, plant_trees(data.tracks)),
        write_doubtful(data, list_doubtful(data), movie.contrast),
        write_trust(data),
        write_scores(data),
        write_facts(data),
    ]
    return Template(_own_file("page.html")).substitute(
        title=escape(f"{data.dataset} / {data.sequence} – samtrack"),
        style=_own_file("page.css").strip(),
        script=_own_file("page.js").strip(),
        body="\n\n".join(body),
        tracks=write_tracks(data, movie),
    )


def _own_file(name: str) -> str:
    return (resources.files("samtrack.report") / name).read_text(encoding="utf-8")
