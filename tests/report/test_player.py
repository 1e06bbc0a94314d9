"""The movie as HTML."""

import re
from dataclasses import replace

import numpy as np
from tests.report.test_encode import unpacked

from samtrack.config.report import ReportSettings
from samtrack.report.movie import draw_movie
from samtrack.report.player import tell_movie, write_movie
from samtrack.types import Errors, Scale


def test_the_first_picture_is_seen_without_a_script(small) -> None:
    data = small()
    movie = draw_movie(data)
    text = write_movie(data, movie)
    assert text.count("<img") == 1
    assert movie.shots[0].image in text
    assert 'min="0" max="3"' in text
    assert "4 frames of 7, evenly spread." in text
    every = small(report=ReportSettings(frames_shown=7))
    assert "All 7 frames." in write_movie(every, draw_movie(every))


def test_there_is_a_legend_of_four_signs_and_of_errors_if_they_are_known(small) -> None:
    data = small(report=ReportSettings(frames_shown=7, tail_frames=3))
    legend = re.search(r'aria-label="Colour legend">(.*?)</ul>', write_movie(data, draw_movie(data)), re.DOTALL)[1]
    assert legend.count("<li>") == 4
    assert "last 3 frames" in legend
    none = np.zeros(0, dtype=np.int64)
    data = replace(data, errors=Errors(none, none, none, np.zeros((0, 2))))
    text = write_movie(data, draw_movie(data))
    assert text.count("<li>") == 5
    assert "Errors against the truth" in text


def test_a_slider_through_the_slices_only_in_3d(small) -> None:
    flat, deep = small(), small(ndim=3)
    assert 'class="slices"' not in write_movie(flat, draw_movie(flat))
    text = write_movie(deep, draw_movie(deep))
    assert 'class="slices" min="0" max="5"' in text
    assert "or slice by slice: 5 of 5 planes." in text


def test_a_part_of_the_frame_is_said_to_be_one(small) -> None:
    data = small()
    movie = draw_movie(data)
    view = movie.views[0]
    part = replace(movie, views=[replace(view, box=replace(view.box, start=(10, 20), stop=(40, 50)))])
    assert "30 × 30 of 60 × 40 voxels, from x = 20, y = 10" in write_movie(data, part)
    assert "a part of it" not in write_movie(data, movie)


def test_the_script_knows_filled_masks_and_the_time(small) -> None:
    data = small(report=ReportSettings(frames_shown=7))
    told = tell_movie(data, draw_movie(data))
    assert (unpacked(told["filled"]["frame"]).tolist(), unpacked(told["filled"]["track"]).tolist()) == ([3], [2])
    assert told["minutes"] == 10.0
    assert len(told["colours"]) == 72
    assert told["reach"] == 0.0
    timeless = small(scale=Scale((1.0, 1.0), is_calibrated=False))
    told = tell_movie(timeless, draw_movie(timeless))
    assert told["minutes"] == 0
    assert unpacked(told["filled"]["frame"]).tolist() == [], "frame 3 is not shown"
    deep = small(ndim=3)
    assert tell_movie(deep, draw_movie(deep))["reach"] > 0.5
