"""The movie as HTML: its first picture, the controls, what the lines mean; and as numbers for the script that plays it."""

from __future__ import annotations

from typing import Any

import numpy as np

from samtrack.report.colours import picture_colours
from samtrack.report.data import ReportData
from samtrack.report.encode import pack
from samtrack.report.movie import STEPS_OF_PIXEL, Movie
from samtrack.report.run_facts import knows_time
from samtrack.report.words import count, counted, escape

HINT = "Point at a cell to see its track; click to follow it."

KEYS = "Movie: arrow keys move in time, plus and minus zoom"

PLAIN_CONTROLS = """<button type="button" class="play" title="Space">Play</button>
<button type="button" class="back" aria-label="Frame before" title="Arrow left">◀</button>
<button type="button" class="on" aria-label="Frame after" title="Arrow right">▶</button>"""

SCREEN_SHARE = 72
"""Height of the picture in hundredths of the window's, at most: the controls below it are seen, too."""

SPEEDS = (2, 5, 10, 20)
"""Frames per second to choose from."""


def write_movie(data: ReportData, movie: Movie) -> str:
    """The player. Without a script the first picture and the legend are seen."""
    rows, columns = movie.views[0].shape
    wide = f"min({max(columns, 320)}px, max(320px, {SCREEN_SHARE * columns / rows:.2f}vh))"
    style = f"max-width: {wide}; aspect-ratio: {columns} / {rows}"
    speeds = "".join(f"<option{' selected' if n == SPEEDS[1] else ''}>{n}</option>" for n in SPEEDS)
    return f"""<section id="movie">
<h2>Movie</h2>
<p class="note">{_told_movie(data, movie)}</p>
<div class="player">
<div class="screen" style="{style}" tabindex="0" role="group" aria-label="{KEYS}">
<div class="stage"><img class="picture" src="{movie.shots[0].image}" alt="Image of frame {movie.frames[0]}"><canvas
 class="lines" width="{columns}" height="{rows}" aria-hidden="true"></canvas></div>
</div>
<div class="needs-script" hidden>
<div class="controls">
{PLAIN_CONTROLS}
<input type="range" class="time" min="0" max="{len(movie.frames) - 1}" value="0" step="1" aria-label="Frame">
<output>frame {movie.frames[0]}</output>
<label>Speed <select class="speed" aria-label="Frames per second">{speeds}</select></label>
</div>
{_slices(movie)}<div class="controls">
<label><input type="checkbox" class="outlines" checked> Outlines</label>
<label><input type="checkbox" class="tails" checked> Tails</label>
<label><input type="checkbox" class="births" checked> Divisions</label>
{_errors(data)}<span class="zoom">Zoom <button type="button" class="out" aria-label="Smaller">−</button>
<button type="button" class="in" aria-label="Larger">+</button></span>
<label>Find track <input type="search" class="wanted" inputmode="numeric" aria-label="Number of a track"></label>
</div>
<p class="named" aria-live="polite"></p>
<div class="chosen" hidden></div>
</div>
{_legend(data, movie)}
</div>
</section>"""


def _slices(movie: Movie) -> str:
    """The slider through a volume: the projection, then its slices from the first one on."""
    if len(movie.views) == 1:
        return ""
    return (
        '<div class="controls"><label class="depth">View <input type="range" class="slices" min="0" '
        f'max="{len(movie.views) - 1}" value="0" step="1" aria-label="Projection or slice"></label> '
        f'<output class="slice">{escape(movie.views[0].name)}</output></div>\n'
    )


def _errors(data: ReportData) -> str:
    if data.errors is None:
        return ""
    return '<label><input type="checkbox" class="faults"> Errors against the truth</label>\n'


def _told_movie(data: ReportData, movie: Movie) -> str:
    shape, box, n = data.images.shape, movie.views[0].box, data.n_frames
    text = f"All {counted(n, 'frame')}." if len(movie.frames) == n else ""
    text = text or f"{counted(len(movie.frames), 'frame')} of {count(n)}, evenly spread."
    if len(shape) == 3:
        text += (
            " The volume is seen from above (the brightest voxel of each column, and the uppermost label), or slice by "
            f"slice: {len(movie.views) - 1} of {counted(shape[0], 'plane')}."
        )
    if box.shape[-2:] != shape[-2:]:
        (y, x), (h, w) = box.start[-2:], box.shape[-2:]
        text += (
            f" The cells are small beside the frame, so a part of it is shown: {w} × {h} of {shape[-1]} × {shape[-2]} "
            f"voxels, from x = {x}, y = {y}."
        )
    return text


def _legend(data: ReportData, movie: Movie) -> str:
    """What each line of the pictures means."""
    line = 'fill="none" stroke="#5fd0a5" stroke-width="2"'
    samples = [
        (f'<circle cx="13" cy="10" r="6.5" {line}/>', "a cell; one hue per family, other shades for daughters"),
        (
            f'<circle cx="13" cy="10" r="6.5" {line} stroke-dasharray="3.4 3.4"/>'
            '<path d="M9 13 16 6M11 15 18 8" stroke="#5fd0a5" stroke-width="1"/>',
            "a mask that was missing and filled in (dashed, hatched)",
        ),
        (
            f'<path d="M3 16C9 15 12 7 23 5" {line} opacity=".75"/>',
            f"its way in the last {counted(movie.ways.tail_frames, 'frame')}",
        ),
        (
            '<circle cx="13" cy="10" r="6" fill="none" stroke="#fff" stroke-width="2"/>',
            "a division in that time: where the mother was last seen (small: a newborn daughter)",
        ),
    ]
    if data.errors is not None:
        red = 'fill="none" stroke="#ff5252" stroke-width="2"'
        samples.append(
            (f'<path d="M8 5 18 15M18 5 8 15" {red}/>', "an error against the truth; its kind is said below")
        )
    items = "".join(
        f'<li><svg viewBox="0 0 26 20" aria-hidden="true">{drawn}</svg>{told}</li>' for drawn, told in samples
    )
    return f'<ul class="legend" aria-label="Colour legend">{items}</ul>'


def tell_movie(data: ReportData, movie: Movie) -> dict[str, Any]:
    """What the script must know of the movie."""
    filled = data.filled_pairs
    filled = filled[np.isin(filled[:, 0], movie.frames)]
    return {
        "hint": HINT,
        "minutes": data.images.scale.minutes_per_frame if knows_time(data) else 0,
        "frames": movie.frames,
        "views": [{"name": view.name, "z": view.z} for view in movie.views],
        "shots": [
            {"image": shot.image, "size": shot.shape, "tracks": shot.tracks, "labels": shot.labels}
            for shot in movie.shots
        ],
        "filled": {"frame": pack(filled[:, 0]), "track": pack(filled[:, 1])},
        "ways": {
            "tail": movie.ways.tail_frames,
            "steps": STEPS_OF_PIXEL,
            **{name: pack(getattr(movie.ways, name)) for name in ("track", "frame", "x", "y", "z")},
        },
        "reach": _reach(data),
        "colours": [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in picture_colours().tolist()],
    }


def _reach(data: ReportData) -> float:
    """How many planes above and below a slice a cell's way is drawn: a typical radius."""
    if data.detections.ndim == 2 or not len(data.detections):
        return 0.0
    radius = data.images.scale.radius_um(data.detections.size_um)
    return round(float(np.median(radius) / data.images.scale.um_per_voxel[0]), 2)
