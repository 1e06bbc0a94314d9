"""The movie as HTML: all shots above each other, of which one is seen; controls; what the lines mean."""

from __future__ import annotations

import json

import numpy as np

from samtrack.report.movie import Movie, Shot
from samtrack.report.opening import knows_time
from samtrack.report.tables import ReportData
from samtrack.report.words import count, counted, escape

HINT = "Point at a cell to see its track; click to follow it."


def write_movie(data: ReportData, movie: Movie) -> str:
    """The player: all shots above each other, one of them seen; controls; what the lines mean."""
    rows, columns = movie.shots[0].shape
    shots = "\n".join(_write_shot(data, shot, is_first=at == 0) for at, shot in enumerate(movie.shots))
    options = "".join(f"<option>{escape(view.name)}</option>" for view in movie.views)
    choice = f"<label>View <select>{options}</select></label>" if len(movie.views) > 1 else ""
    style = f"max-width: {max(columns, 320)}px; aspect-ratio: {columns} / {rows}"
    return f"""<section id="movie">
<h2>Movie</h2>
<p class="note">{_told_movie(data, movie)}</p>
<div class="player">
<div class="screen" style="{style}" data-width="{columns}" data-height="{rows}">
{shots}
<div class="found" hidden></div>
</div>
<div class="controls needs-script" hidden>
<button type="button" class="play">Play</button>
<input type="range" min="0" max="{len(movie.frames) - 1}" value="0" step="1" aria-label="Frame">
<output>frame {movie.frames[0]}</output>
<label><input type="checkbox" class="outlines" checked> Outlines</label>
{choice}
<label>Track <input type="number" min="1" max="{max(len(data.tracks), 1)}" aria-label="Track to follow"></label>
</div>
<p class="named needs-script" aria-live="polite" hidden></p>
{_legend(data)}
</div>
</section>"""


def _write_shot(data: ReportData, shot: Shot, is_first: bool) -> str:
    hidden = "" if is_first else " hidden"
    cells = json.dumps(shot.cells, separators=(",", ":"))
    filled = json.dumps(data.filled_tracks(shot.frame).tolist(), separators=(",", ":"))
    return (
        f'<div class="shot" data-frame="{shot.frame}" data-view="{escape(shot.view)}" data-cells="{cells}" '
        f'data-filled="{filled}"{hidden}><img class="image" src="{shot.image}" alt="Image of frame {shot.frame}">'
        f'<img class="layer" src="{shot.layer}" alt="Outlines of the tracked cells"></div>'
    )


def _told_movie(data: ReportData, movie: Movie) -> str:
    shape, box = data.images.shape, movie.views[0].box
    text = f"{counted(len(movie.frames), 'frame')} of {count(data.n_frames)}, evenly spread."
    if len(shape) == 3:
        text += " The volume is seen from above: the brightest voxel of each column, and the uppermost label."
    if box.shape[-2:] != shape[-2:]:
        (y, x), (h, w) = box.start[-2:], box.shape[-2:]
        text += (
            f" The cells are small beside the frame, so a part of it is shown: {w} × {h} of {shape[-1]} × {shape[-2]} "
            f"voxels, from x = {x}, y = {y}."
        )
    return text


def _legend(data: ReportData) -> str:
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
            f"its way in the last {counted(data.report.tail_frames, 'frame')}",
        ),
        (
            '<circle cx="13" cy="10" r="6" fill="none" stroke="#fff" stroke-width="2"/>',
            "a division in that time: where the mother was last seen (small: a newborn daughter)",
        ),
    ]
    items = "".join(
        f'<li><svg viewBox="0 0 26 20" aria-hidden="true">{drawn}</svg>{told}</li>' for drawn, told in samples
    )
    return f'<ul class="legend" aria-label="Colour legend">{items}</ul>'


def write_tracks(data: ReportData, movie: Movie) -> str:
    """What the script may say of the shown tracks, as JSON that cannot end the element it stands in."""
    shown = np.unique([cell[2] for shot in movie.shots for cell in shot.cells]).astype(np.int64)
    shown = shown[shown <= len(data.tracks)]
    rows = np.stack([data.tracks.first_frame, data.tracks.last_frame, data.tracks.parent], axis=1)[shown - 1]
    minutes = data.images.scale.minutes_per_frame if knows_time(data) else 0
    known = {"hint": HINT, "minutes": minutes, "tracks": dict(zip(shown.tolist(), rows.tolist(), strict=True))}
    return json.dumps(known, separators=(",", ":")).replace("<", "\\u003c")
