"""The lineages as HTML: what there is in numbers, the largest ones by name, and the window in which they are drawn."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from samtrack.report.data import ReportData
from samtrack.report.encode import pack
from samtrack.report.lineages import Summary, choose_colours
from samtrack.report.own import own_file
from samtrack.report.words import count, counted, escape, table

NOT_JUDGED = 255
"""In the column of lowest probabilities: a track without a link or a division that was chosen among proposals."""


def write_lineages(data: ReportData, summary: Summary) -> str:
    """Numbers and the largest lineages first; everything else on demand."""
    start = '<section id="lineages">\n<h2>Lineages</h2>\n'
    if not summary.n_tracks:
        return start + "<p>There is no track, so there is no lineage.</p>\n</section>"
    rows = [
        (
            f'<button type="button" class="track" data-track="{track}" data-frame="{data.tracks.first_frame[track - 1]}">'
            f"{track}</button>",
            *(count(n) for n in numbers),
        )
        for track, *numbers in summary.largest
    ]
    head = ("first track", "tracks", "divisions", "frames")
    listed = table(f"The {counted(len(rows), 'largest lineage')}.", head, rows, numbers=(0, 1, 2, 3))
    folded = f"<details><summary>The largest lineages</summary>\n{listed}</details>"
    return f"{start}<p>{escape(_told(data, summary))}</p>\n{own_file('page_trees.html')}\n{folded}\n</section>"


def _told(data: ReportData, summary: Summary) -> str:
    """How many lineages there are, how many divide, and what is left out."""
    text = f"{counted(summary.n_tracks, 'track')} in {counted(summary.n_lineages, 'lineage')}"
    text += f", of which {count(summary.n_dividing)} divide"
    text += f", over at most {counted(summary.most_generations, 'generation')}."
    left = summary.n_tracks - summary.n_shown
    if left:
        text += (
            f" To keep this page small it holds the largest lineages, with {counted(summary.n_shown, 'track')}; the other "
            f"{counted(left, 'track')} stand in {data.sequence}_tracks.csv and {data.sequence}_tracks.parquet."
        )
    return text


def least_probability(data: ReportData) -> npt.NDArray[np.uint8]:
    """Of each track the probability of its least sure step in hundredths, 255 without any; index 0 unused.

    Steps are its own links, the link from its parent, and the division that it comes from.
    """
    least = np.full(len(data.tracks) + 1, NOT_JUDGED, dtype=np.uint8)
    track_of = data.tracks.track_of
    links = np.flatnonzero(data.link_chosen)
    divided = data.divisions
    chosen = np.flatnonzero(data.division_chosen)
    for rows, score in (
        (data.links.target[links], data.links.score[links]),
        (divided.daughter_a[chosen], divided.score[chosen]),
        (divided.daughter_b[chosen], divided.score[chosen]),
    ):
        np.minimum.at(least, track_of[rows], np.floor(score * 100).astype(np.uint8))
    return least


def tell_family(data: ReportData, summary: Summary) -> dict[str, Any]:
    """The tracks that the page holds, as columns in order of their numbers."""
    tracks, at = data.tracks, np.flatnonzero(summary.shown)
    filled = np.bincount(data.filled_pairs[:, 1], minlength=len(tracks) + 1)
    columns: dict[str, npt.NDArray[Any]] = {
        "track": at,
        "first": tracks.first_frame[at - 1],
        "last": tracks.last_frame[at - 1],
        "parent": tracks.parent[at - 1],
        "colour": choose_colours(tracks)[at],
        "doubt": least_probability(data)[at],
        "filled": np.minimum(filled[at], np.iinfo(np.uint16).max),
    }
    return {"total": len(tracks), "columns": {name: pack(column) for name, column in columns.items()}}
