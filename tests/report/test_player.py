"""The movie as HTML."""

import json
import re
from dataclasses import replace

from samtrack.config.report import ReportSettings
from samtrack.report.movie import draw_movie
from samtrack.report.player import write_movie, write_tracks
from samtrack.report.tables import find_steps
from samtrack.types import Scale


def drawn(data):
    return draw_movie(data, find_steps(data.detections, data.tracks))


def test_all_shots_are_there_and_the_first_is_seen(small) -> None:
    data = small()
    shots = re.findall(r'<div class="shot"[^>]*>', write_movie(data, drawn(data)))
    assert [re.search(r'data-frame="(\d+)"', shot)[1] for shot in shots] == ["0", "2", "4", "6"]
    assert [" hidden>" in shot for shot in shots] == [False, True, True, True]
    named = [json.loads(re.search(r'data-cells="([^"]*)"', shot)[1]) for shot in shots]
    assert [{track for _, _, track in cells} for cells in named] == [{1, 2}, {1, 2}, {2, 3, 4}, {2, 3, 4}]


def test_filled_masks_are_known_to_the_script(small) -> None:
    data = small(report=ReportSettings(frames_shown=7))
    text = write_movie(data, drawn(data))
    assert re.findall(r'data-filled="([^"]*)"', text) == ["[]"] * 3 + ["[2]"] + ["[]"] * 3


def test_there_are_controls_and_a_legend_of_four_signs(small) -> None:
    data = small()
    text = write_movie(data, drawn(data))
    assert 'type="range" min="0" max="3"' in text
    assert text.count('alt="Image of frame') == 4
    legend = re.search(r'aria-label="Colour legend">(.*?)</ul>', text, re.DOTALL)[1]
    assert legend.count("<li>") == 4
    assert "last 3 frames" in legend


def test_a_choice_of_views_only_in_3d(small) -> None:
    flat, deep = small(), small(ndim=3)
    assert "<select>" not in write_movie(flat, drawn(flat))
    text = write_movie(deep, drawn(deep))
    assert text.count("<option>") == 2
    assert "The volume is seen from above" in text


def test_a_part_of_the_frame_is_said_to_be_one(small) -> None:
    data = small()
    movie = drawn(data)
    view = movie.views[0]
    part = replace(movie, views=[replace(view, box=replace(view.box, start=(10, 20), stop=(40, 50)))])
    assert "30 × 30 of 60 × 40 voxels, from x = 20, y = 10" in write_movie(data, part)
    assert "a part of it" not in write_movie(data, movie)


def test_the_script_knows_the_shown_tracks_and_the_time(small) -> None:
    data = small()
    known = json.loads(write_tracks(data, drawn(data)))
    assert known["tracks"] == {"1": [0, 2, 0], "2": [0, 6, 0], "3": [3, 6, 1], "4": [3, 6, 1]}
    assert known["minutes"] == 10.0
    timeless = small(scale=Scale((1.0, 1.0), is_calibrated=False))
    assert json.loads(write_tracks(timeless, drawn(timeless)))["minutes"] == 0
