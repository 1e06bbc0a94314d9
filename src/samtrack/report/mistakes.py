"""Where a result differs from the truth, as HTML: when, where in the field, and for the player."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from samtrack.report import figures
from samtrack.report.data import ReportData
from samtrack.report.encode import pack
from samtrack.report.movie import STEPS_OF_PIXEL, Movie
from samtrack.report.svg import draw_svg
from samtrack.report.tables import unit_of
from samtrack.report.words import count, counted, escape, table
from samtrack.types import ErrorKind

WORDS: dict[ErrorKind, tuple[str, str, str]] = {
    ErrorKind.MISSED: ("missed cells", "M", "a true cell without a mask"),
    ErrorKind.INVENTED: ("invented masks", "I", "a mask where the truth has no cell"),
    ErrorKind.JOINED: ("joined cells", "J", "one mask over several true cells"),
    ErrorKind.WRONG_LINK: (
        "wrong links",
        "W",
        "two masks linked that are not the same cell, or not mother and daughter",
    ),
    ErrorKind.MISSING_LINK: ("missing links", "L", "a true step between two cells that were found"),
}
"""Of each kind: its name, the letter beside it in the movie, and what it means."""

DRAWN_ERRORS = 4000
"""Errors on the map of the field, at most: more are a grey cloud, and a page of many megabytes."""

WORST_FRAMES = 5
"""Frames with most errors that can be looked at by one click."""

MAP_INCHES = (4.4, 4.0)
"""Size of the map: squarer than a plot over time."""


def write_errors(data: ReportData) -> str:
    """When and where errors lie; nothing where there is no truth."""
    errors = data.errors
    if errors is None:
        return ""
    start = '<section id="errors">\n<h2>Errors against the truth</h2>\n'
    if not len(errors):
        return start + "<p>There is none: every cell is found and every link is right.</p>\n</section>"
    per_frame = count_errors(data)
    rows = []
    for kind, (name, letter, meaning) in WORDS.items():
        n = int(np.count_nonzero(errors.kind == kind))
        rows.append((letter, escape(name), count(n), escape(meaning)))
    total = per_frame.sum(axis=1)
    worst = total.sort_values(ascending=False, kind="stable").head(WORST_FRAMES)
    buttons = ", ".join(
        f'<button type="button" class="track" data-track="0" data-frame="{frame}">{frame}</button> ({n})'
        for frame, n in worst.items()
        if n
    )
    told = f"Most errors in frames {buttons}. Tick “Errors against the truth” at the movie to see them there."
    draw = partial(figures.draw_errors, per_frame=per_frame)
    over_time = draw_svg("plot-errors", "Plot: errors per frame, by kind.", draw)
    field = f" Masks in the rim of {data.rim_px} px are not in the CTC result, and not counted." if data.rim_px else ""
    kinds = table(f"Letters as in the movie.{field}", ("", "kind", "errors", "what it is"), rows, numbers=(2,))
    return (
        f'{start}{kinds}\n<p>{told}</p>\n<div class="plots">\n<figure><h3>Errors per frame</h3>\n{over_time}\n</figure>\n'
        f"{_map(data)}\n</div>\n</section>"
    )


def _map(data: ReportData) -> str:
    """The field with a mark for each error."""
    errors, scale = data.errors, data.images.scale
    if errors is None:
        return ""
    chosen = np.unique(np.linspace(0, len(errors) - 1, min(len(errors), DRAWN_ERRORS)).astype(int))
    at, kind = errors.at_um[chosen][:, -2:], errors.kind[chosen]
    size = np.array(data.images.shape[-2:]) * scale.voxel_um[-2:]
    places = {name: at[kind == key] for key, (name, _, _) in WORDS.items()}
    unit = unit_of(scale)
    field = (float(size[0]), float(size[1]))
    draw = partial(figures.draw_error_map, places=places, size=field, unit=unit)
    told = "Seen from above. " if len(data.images.shape) == 3 else ""
    told += (
        "Errors of all frames on one field; a crowd in one place may be debris, a corner out of focus, or a cluster."
    )
    if len(chosen) < len(errors):
        told += f" {count(len(chosen))} of {counted(len(errors), 'error')} are drawn."
    drawn = draw_svg("plot-error-map", f"Plot: where the errors lie. {told}", draw, MAP_INCHES)
    return f"<figure><h3>Where the errors lie</h3>\n{drawn}\n<figcaption>{escape(told)}</figcaption></figure>"


def count_errors(data: ReportData) -> pd.DataFrame:
    """Errors by frame (row) and kind (column)."""
    if data.errors is None:
        return pd.DataFrame(index=range(data.n_frames))
    frame, kind = data.errors.frame, data.errors.kind
    columns = {
        name: np.bincount(frame[kind == key], minlength=data.n_frames)[: data.n_frames]
        for key, (name, _, _) in WORDS.items()
    }
    return pd.DataFrame(columns)


def tell_errors(data: ReportData, movie: Movie) -> dict[str, Any] | None:
    """The errors of the shown frames, for the player."""
    if data.errors is None:
        return None
    rows = np.flatnonzero(np.isin(data.errors.frame, movie.frames))
    view = movie.views[0]
    at = view.place(data.errors.at_um[rows], data.images.scale)
    inside = ((at >= 0) & (at < np.array(view.shape))).all(axis=1)
    rows, at = rows[inside], np.round(at[inside] * STEPS_OF_PIXEL).astype(np.int64)
    columns = {"frame": data.errors.frame[rows], "kind": data.errors.kind[rows], "x": at[:, 1], "y": at[:, 0]}
    letters = [letter for _, letter, _ in WORDS.values()]
    return {"letters": letters, "columns": {name: pack(column) for name, column in columns.items()}}
