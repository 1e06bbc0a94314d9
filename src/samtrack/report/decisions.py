"""The decisions to look at first, as HTML: a card for each, with a picture of before and after, reasons and verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from samtrack.report.data import ReportData
from samtrack.report.evidence import CROP_PX, GAP_PX, draw_evidence
from samtrack.report.own import own_file
from samtrack.report.pictures import Contrast
from samtrack.report.tables import DOUBTFUL_BELOW, is_doubtful, plain_links
from samtrack.report.words import THIN, count, counted, escape

VERDICTS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "link": (("right", "Right", "Y"), ("wrong", "Wrong", "N")),
    "division": (
        ("right", "Right", "Y"),
        ("wrong", "Neither is a daughter", "N"),
        ("first", "Only {1} goes on", "1"),
        ("second", "Only {2} goes on", "2"),
    ),
    "shared mask": (("right", "Right", "Y"), ("first", "Only {0} is there", "1"), ("second", "Only {1} is there", "2")),
}
"""What may be said of a decision of each kind: value, words, key; numbers in braces stand for its tracks."""


def write_doubtful(data: ReportData, doubtful: pd.DataFrame, contrast: Contrast) -> str:
    """The least probable decisions, each with a picture of before and after."""
    start = '<section id="doubtful">\n<h2>Decisions to look at first</h2>\n'
    if doubtful.empty:
        return start + "<p>No link and no division was decided.</p>\n</section>"
    images = draw_evidence(data, doubtful, contrast)
    rows = list(doubtful.itertuples(index=False))
    cards = [_card(data, n, row, image) for n, (row, image) in enumerate(zip(rows, images, strict=True), 1)]
    lead = (
        f"{_told_doubt(data)} Here {'is' if len(rows) == 1 else 'are'} the {counted(len(rows), 'least probable one')}, "
        "least probable first. Pictures: before and after, at the same place; the cells in question in yellow. "
        "Shared mask: two cells before it, and the mask, divided."
    )
    if "runner_up" in doubtful:
        lead += (
            " Instead: the most probable of what the cell would have done otherwise. For and against: the facts that spoke "
            "loudest, in log odds beyond those of an average proposal."
        )
    tools, listed = own_file("page_review.html"), "\n".join(cards)
    return f'{start}<p class="note">{lead}</p>\n{tools}\n<ol class="doubts">\n{listed}\n</ol>\n</section>'


def tell_doubtful(data: ReportData, doubtful: pd.DataFrame) -> list[dict[str, Any]]:
    """What the script must know of each: kind, probability, its cells as (frame, track), which verdicts there are."""
    return [
        {
            "kind": row.kind,
            "probability": f"{row.probability:.2f}",
            "to": int(row.to_frame),  # type: ignore[arg-type]
            "cells": _cells(data, row, with_after=True),
            "verdicts": [value for value, _, _ in VERDICTS[str(row.kind)]],
        }
        for row in doubtful.itertuples(index=False)
    ]


def _cells(data: ReportData, row: Any, with_after: bool = False) -> list[tuple[int, int]]:
    """The cells of a decision as (frame, track): source and target, mother and daughters, the two that share a mask.

    ``with_after``: of a shared mask also the same two cells after it.
    """
    source, partner = int(row.source), int(row.partner)
    targets = [target for target in (int(row.target_a), int(row.target_b)) if target >= 0]
    rows = [source, *([partner] if partner >= 0 else []), *(targets if partner < 0 or with_after else [])]
    return [(int(data.detections.frame[at]), int(data.tracks.track_of[at])) for at in rows]


def _told_doubt(data: ReportData) -> str:
    """How many decisions are doubtful, of all."""
    chosen = np.r_[data.links.score[plain_links(data)], data.divisions.score[data.division_chosen], data.merges.score]
    n = int(is_doubtful(chosen).sum())
    if n == 0:
        return f"No decision has a probability below {DOUBTFUL_BELOW:g}."
    have = "has" if n == 1 else "have"
    return f"{counted(n, 'decision')} of {count(len(chosen))} {have} a probability below {DOUBTFUL_BELOW:g}."


def _card(data: ReportData, number: int, row: Any, image: str) -> str:
    """One decision."""
    at = np.round(data.detections.centroid_um[int(row.source)] / data.images.scale.voxel_um).astype(int).tolist()
    position = ", ".join(f"{axis}{THIN}{value}" for axis, value in zip("xyz", at[::-1], strict=False))
    cells, frames = _cells(data, row), (int(row.frame), int(row.to_frame))
    shown = [(track, frames[1] if i and int(row.partner) < 0 else frame) for i, (frame, track) in enumerate(cells)]
    buttons = [_track_button(track, frame) for track, frame in shown]
    if row.kind == "link" and cells[0][1] == cells[1][1]:
        buttons = buttons[:1]
    tracks = " + ".join(buttons) if len(buttons) < 3 else f"{buttons[0]} → {buttons[1]} + {buttons[2]}"
    size = f'width="{2 * CROP_PX + GAP_PX}" height="{CROP_PX}"'
    names = [str(track) for _, track in cells]
    verdicts = "\n".join(
        f'<button type="button" class="verdict-is" value="{value}" aria-pressed="false">{words.format(*names)} '
        f"<kbd>{key}</kbd></button>"
        for value, words, key in VERDICTS[row.kind]
    )
    reasons = _reasons(data, row) if hasattr(row, "runner_up") else ""
    return f"""<li class="doubt"><figure><img src="{image}" {size} alt="Frame {frames[0]} beside frame {frames[1]}">
<figcaption><span>frame {frames[0]}</span><span>frame {frames[1]}</span></figcaption></figure>
<div><h3>{number}. {escape(row.kind[0].upper() + row.kind[1:])}, probability {row.probability:.2f}</h3>
<p>Frames {frames[0]} → {frames[1]}, track {tracks}, {position}</p>
{reasons}<div class="needs-script verdicts" hidden>
{verdicts}
<button type="button" class="to-movie">Show in the movie <kbd>M</kbd></button></div></div></li>"""


def _track_button(track: int, frame: int) -> str:
    return f'<button type="button" class="track" data-track="{track}" data-frame="{frame}">{track}</button>'


def _reasons(data: ReportData, row: Any) -> str:
    """What else the cell would have done, and the loudest facts for and against, as a list."""
    items = [("Instead", _runner_up(data, row))]
    for name, side in (("For", row.spoke_for), ("Against", row.spoke_against)):
        if told := _facts(side, data.fact_words):
            items.append((name, told))
    return '<dl class="why">' + "".join(f"<div><dt>{a}</dt><dd>{b}</dd></div>" for a, b in items) + "</dl>\n"


def _runner_up(data: ReportData, row: Any) -> str:
    """What the cell would have done instead: probability and where it would have led."""
    if int(row.partner) >= 0:
        return "one cell alone"  # in many ways: which one, and where the other went
    cell, probability = int(row.runner_up), float(row.runner_up_score)
    if cell < 0:
        return "nothing else was proposed"
    track, frame = int(data.tracks.track_of[cell]), int(data.detections.frame[cell])
    if track == 0:
        return f"{probability:.2f}, a mask rejected in frame {frame}"
    return f"{probability:.2f}, {_track_button(track, frame)} in frame {frame}"


def _facts(side: str, words: Mapping[str, str]) -> str:
    """The loudest facts of one side, in words."""
    parts = [part.rpartition(" ") for part in side.split("; ") if part]
    return "; ".join(escape(f"{words.get(fact, fact.replace('_', ' '))} {value}") for fact, _, value in parts)
