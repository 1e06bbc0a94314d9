"""The decisions to look at first, as HTML: a table with runner-up, reasons and a picture of before and after in each row."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from samtrack.report.evidence import CROP_PX, GAP_PX, draw_evidence
from samtrack.report.pictures import Contrast
from samtrack.report.tables import DOUBTFUL_BELOW, ReportData, is_doubtful, plain_links
from samtrack.report.words import THIN, count, counted, escape, table

SEEN_AT_ONCE = 10
"""Rows that are open from the start, so that what follows is not far away."""


def write_doubtful(data: ReportData, doubtful: pd.DataFrame, contrast: Contrast) -> str:
    """The least probable decisions, each with a picture of before and after."""
    start = '<section id="doubtful">\n<h2>Decisions to look at first</h2>\n'
    if doubtful.empty:
        return start + "<p>No link and no division was decided.</p>\n</section>"
    images = draw_evidence(data, doubtful, contrast)
    rows = [
        _doubtful_row(data, row, image) for row, image in zip(doubtful.itertuples(index=False), images, strict=True)
    ]
    caption = (
        f"{_told_doubt(data)} The {counted(len(rows), 'least probable one')}, least probable first. Pictures: before "
        "and after, at the same place; the cells in question in yellow. "
        "Shared mask: two cells before it, and the mask, divided."
    )
    why = ("runner-up", "why") if "runner_up" in doubtful else ()
    if why:
        caption += (
            " Runner-up: the most probable of what the cell would have done instead. Why: the facts that spoke loudest "
            "for (+) and against (−) it, in log odds beyond those of an average proposal."
        )
    head = ("probability", "what", "frames", "position (voxels)", "tracks", *why, "before and after")
    text = start + table(caption, head, rows[:SEEN_AT_ONCE], numbers=(0,))
    if more := rows[SEEN_AT_ONCE:]:
        text += f"\n<details><summary>The next {len(more)}</summary>\n"
        text += table("Continued, least probable first.", head, more, numbers=(0,)) + "</details>"
    return text + "\n</section>"


def _told_doubt(data: ReportData) -> str:
    """How many decisions are doubtful, of all."""
    chosen = np.r_[data.links.score[plain_links(data)], data.divisions.score[data.division_chosen], data.merges.score]
    n = int(is_doubtful(chosen).sum())
    if n == 0:
        return f"No decision has a probability below {DOUBTFUL_BELOW:g}."
    have = "has" if n == 1 else "have"
    return f"{counted(n, 'decision')} of {count(len(chosen))} {have} a probability below {DOUBTFUL_BELOW:g}."


def _doubtful_row(data: ReportData, row: object, image: str) -> tuple[str, ...]:
    """One decision as cells of the table."""
    source, a, b = int(row.source), int(row.target_a), int(row.target_b)  # type: ignore[attr-defined]
    frame, to_frame = int(row.frame), int(row.to_frame)  # type: ignore[attr-defined]
    at = np.round(data.detections.centroid_um[source] / data.images.scale.voxel_um).astype(int).tolist()
    position = ", ".join(f"{axis}{THIN}{value}" for axis, value in zip("xyz", at[::-1], strict=False))
    track_of = data.tracks.track_of
    partner = int(row.partner)  # type: ignore[attr-defined]
    cells = (source, partner) if partner >= 0 else (source,) if b < 0 else (source, a, b)
    seen_in = (frame, to_frame if partner < 0 else frame, to_frame)
    buttons = [
        f'<button type="button" class="track" data-track="{track}" data-frame="{at_frame}">{track}</button>'
        for track, at_frame in zip(track_of[list(cells)].tolist(), seen_in, strict=False)
    ]
    tracks = " + ".join(buttons) if len(buttons) < 3 else f"{buttons[0]} → {buttons[1]} + {buttons[2]}"
    kind = row.kind  # type: ignore[attr-defined]
    seen = f"Frame {frame} beside frame {to_frame}"
    picture = f'<img src="{image}" width="{2 * CROP_PX + GAP_PX}" height="{CROP_PX}" alt="{seen}">'
    told = (f"{row.probability:.2f}", escape(kind), f"{frame} → {to_frame}", position, tracks)  # type: ignore[attr-defined]
    why = (_runner_up(data, row), _why(row, data.fact_words)) if hasattr(row, "runner_up") else ()
    return (*told, *why, picture)


def _runner_up(data: ReportData, row: object) -> str:
    """What the cell would have done instead: probability and where it would have led."""
    if int(row.partner) >= 0:  # type: ignore[attr-defined]
        return "one cell alone"  # in many ways: which one, and where the other went
    cell, probability = int(row.runner_up), float(row.runner_up_score)  # type: ignore[attr-defined]
    if cell < 0:
        return "none"
    track, frame = int(data.tracks.track_of[cell]), int(data.detections.frame[cell])
    if track == 0:
        return f"{probability:.2f}, a mask rejected in frame {frame}"
    button = f'<button type="button" class="track" data-track="{track}" data-frame="{frame}">{track}</button>'
    return f"{probability:.2f}, {button} in frame {frame}"


def _why(row: object, words: Mapping[str, str]) -> str:
    """The loudest facts for and against, a line each, in words."""
    sides = (row.spoke_for, row.spoke_against)  # type: ignore[attr-defined]
    parts = [part.rpartition(" ") for side in sides for part in side.split("; ") if part]
    told = [f"{value}{THIN}{words.get(fact, fact.replace('_', ' '))}" for fact, _, value in parts]
    return "<br>".join(escape(line) for line in told)
