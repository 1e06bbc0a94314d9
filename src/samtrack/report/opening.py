"""The page's beginning: what came out, in words and numbers; and the table of scores."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from samtrack.report.data import ReportData
from samtrack.report.scores import explain, headline, split_measures
from samtrack.report.words import count, counted, escape, score, table

VIOLATIONS_SHOWN = 20
"""Violations listed: with more, something general is wrong and the first ones tell what."""

VIOLATIONS_OPEN = 5
"""Violations that are seen without unfolding the list."""


def write_opening(data: ReportData, summary: Mapping[str, int], counts: pd.DataFrame) -> str:
    """Title, verdict, one sentence, the main numbers."""
    shown = [
        (_range(counts["seen"] + counts["filled"]), "cells, first to last frame"),
        (count(summary["tracks"]), "tracks"),
        (count(summary["divisions"]), "divisions"),
        (count(summary["filled"]), "masks filled in"),
    ]
    scores = [(score(value), name) for name, value in headline(data.scores.values if data.scores else {})]
    tiles = _tiles(shown) + (_tiles(scores) if scores else "")
    return (
        '<header>\n<p class="eyebrow">samtrack report</p>\n'
        f"<h1>{escape(data.dataset)} / {escape(data.sequence)}</h1>\n{_verdict(data)}\n"
        f'<p class="told">{_sentence(summary)}{_followed(data)}</p>\n{tiles}\n{_violations(data)}'
        f"{_nav(data)}\n</header>"
    )


def _nav(data: ReportData) -> str:
    """Ways to the sections that the page has."""
    sections = {"movie": "Movie", "doubtful": "Look here first", "lineages": "Lineages", "time": "Over time"}
    sections |= {"trust": "Trust", "scores": "Scores"} | ({"errors": "Errors"} if data.errors is not None else {})
    sections |= {"facts": "What went in"} | ({"run": "What it took"} if data.timings or data.machine else {})
    links = "".join(f'<a href="#{name}">{words}</a>' for name, words in sections.items())
    return f'<nav aria-label="Sections">{links}</nav>'


def _tiles(shown: list[tuple[str, str]]) -> str:
    """Numbers with their names below."""
    items = (f"<li><b>{escape(value)}</b><span>{escape(name)}</span></li>" for value, name in shown)
    return f'<ul class="tiles">{"".join(items)}</ul>'


def _verdict(data: ReportData) -> str:
    """Whether the result may be sent to the CTC, in words; colour only repeats them."""
    if data.violations is None:
        return '<p class="verdict">Not checked against the rules of the Cell Tracking Challenge</p>'
    if not data.violations:
        return '<p class="verdict good">Valid CTC result: no rule is violated</p>'
    return f'<p class="verdict bad">Not a valid CTC result: {counted(len(data.violations), "violation")}</p>'


def _violations(data: ReportData) -> str:
    """The first violations as a list that is folded while it is long."""
    if not data.violations:
        return ""
    n = len(data.violations)
    items = "".join(f"<li>{escape(violation)}</li>" for violation in data.violations[:VIOLATIONS_SHOWN])
    more = f"<li>… and {count(n - VIOLATIONS_SHOWN)} more</li>" if n > VIOLATIONS_SHOWN else ""
    opened = " open" if n <= VIOLATIONS_OPEN else ""
    return f'<details{opened}><summary>Violations</summary>\n<ul class="problems">{items}{more}</ul></details>\n'


def _sentence(summary: Mapping[str, int]) -> str:
    if summary["cells"] == 0:
        return f"No cell was found in {counted(summary['frames'], 'frame')}."
    masks, frames = counted(summary["cells"], "cell mask"), counted(summary["frames"], "frame")
    tracks, divisions = counted(summary["tracks"], "track"), counted(summary["divisions"], "division")
    text = f"{masks} in {frames} {_were(summary['cells'])} joined into {tracks} with {divisions}."
    if summary["filled"]:
        text += f" {counted(summary['filled'], 'mask')} of these {_were(summary['filled'])} missing and filled in."
    if summary["shared"]:
        text += f" {counted(summary['shared'], 'mask')} {_were(summary['shared'])} shared by two cells and divided."
    if summary["open_gaps"]:
        text += f" {counted(summary['open_gaps'], 'mask')} inside of tracks {_were(summary['open_gaps'])} left missing."
    if summary["returns"]:
        text += f" {counted(summary['returns'], 'track takes', 'tracks take')} up a cell that was out of sight."
    if summary["rejected"]:
        text += f" {counted(summary['rejected'], 'mask')} {_were(summary['rejected'])} rejected as not a cell."
    return text


def _followed(data: ReportData) -> str:
    """Whose lineages the page is about, if not everybody's."""
    if not data.lineages:
        return ""
    return f" Only descendants of given cells of the first frame are shown: {escape(data.lineages)}."


def _were(n: int) -> str:
    return "was" if n == 1 else "were"


def _range(cells: pd.Series) -> str:
    first, last = int(cells.iloc[0]), int(cells.iloc[-1])
    return count(first) if len(cells) == 1 else f"{count(first)} → {count(last)}"


def write_scores(data: ReportData) -> str:
    """The table of measures, or how to get one."""
    start = '<section id="scores">\n<h2>Scores</h2>\n'
    if data.scores is None or not data.scores.values:
        return start + (
            "<p>No truth was given, so this result was not scored. To get scores, name the folder of the annotation "
            "(the one that holds <code>TRA</code> and <code>SEG</code>) as <code>truth</code> of this sequence in the "
            "configuration and run again, or run <code>samtrack evaluate RESULT --truth TRUTH</code>.</p>\n</section>"
        )
    values = data.scores.values
    main, further = split_measures(values)
    head = ("measure", "value", "what it says")
    rows = {name: (escape(name), score(values[name]), escape(explain(name))) for name in values}
    text = start + table("Measured against the truth.", head, [rows[name] for name in main], numbers=(1,))
    if further:
        more = table("Also measured, for comparison with other work.", head, [rows[name] for name in further], (1,))
        text += f"\n<details><summary>{counted(len(further), 'further measure')}</summary>\n{more}</details>"
    return text + "\n</section>"
