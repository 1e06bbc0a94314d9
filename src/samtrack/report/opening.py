"""The page's beginning and end: what came out in words and numbers, and the facts of the movie and of the run."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import yaml

from samtrack.report.scores import explain, headline, split_measures
from samtrack.report.tables import ReportData
from samtrack.report.words import THIN, count, counted, duration, escape, facts, score, table

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
        '<nav aria-label="Sections"><a href="#movie">Movie</a><a href="#time">Over time</a>'
        '<a href="#lineages">Lineages</a><a href="#doubtful">Look here first</a>'
        '<a href="#trust">Trust</a><a href="#scores">Scores</a>'
        '<a href="#facts">Facts and settings</a></nav>\n</header>'
    )


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


def write_facts(data: ReportData) -> str:
    """Image facts, settings, versions, run times."""
    parts = ['<section id="facts">\n<h2>Facts and settings</h2>', facts(image_facts(data))]
    if data.timings:
        total = sum(seconds for _, seconds, _ in data.timings)
        rows = [(escape(stage), duration(s), f"{count(round(mb))}{THIN}MB") for stage, s, mb in data.timings]
        caption = f"Time of each stage, {duration(total)} in all, blocks counted one after the other."
        parts.append(table(caption, ("stage", "time", "peak memory"), rows, numbers=(1, 2)))
    settings = yaml.safe_dump(_plain(data.settings), sort_keys=False, allow_unicode=True, width=100)
    parts.append(f"<details><summary>All settings</summary>\n<pre>{escape(settings)}</pre></details>")
    parts.append(f"<details><summary>Versions</summary>\n{facts(sorted(data.versions.items()))}</details>")
    return "\n".join(parts) + "\n</section>"


def image_facts(data: ReportData) -> list[tuple[str, str]]:
    """What the movie is: shape, voxel size, interval, number type."""
    scale, shape = data.images.scale, data.images.shape
    axes = "z × y × x" if len(shape) == 3 else "y × x"
    size = " × ".join(f"{um:g}" for um in scale.um_per_voxel)
    voxel = f"{size}{THIN}µm ({axes})" if scale.is_calibrated else "not calibrated: lengths are in voxels"
    return [
        ("Frames", count(data.n_frames)),
        ("Shape of a frame", f"{' × '.join(map(str, shape))} voxels ({axes})"),
        ("Voxel", voxel),
        ("Interval", f"{scale.minutes_per_frame:g}{THIN}min" if knows_time(data) else "not given"),
        ("Image numbers", str(data.images.dtype)),
    ]


def knows_time(data: ReportData) -> bool:
    """Whether the interval between frames means something: without a calibration, 1 minute is only the default."""
    return data.images.scale.is_calibrated or data.images.scale.minutes_per_frame != 1.0


def _plain(value: object) -> object:
    """Settings as YAML can write them: mappings, lists, and text for what it does not know."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
