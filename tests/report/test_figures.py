"""Each plot draws what it is given: its artists are read back."""

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import StepPatch

from samtrack.report import figures
from samtrack.report.tables import count_per_frame, find_steps, measure_displacement


@pytest.fixture
def axis():
    return Figure().subplots()


def bars(axis) -> dict[str, np.ndarray]:
    """Heights of each group of bars, by its name in the legend."""
    return {p.get_label(): np.asarray(p.get_data().values) for p in axis.patches if isinstance(p, StepPatch)}


def test_cells_per_frame(axis, small) -> None:
    assert figures.draw_cells(axis, count_per_frame(small())) is None
    lines = {line.get_label(): line.get_ydata().tolist() for line in axis.lines}
    assert lines == {"seen": [2, 2, 2, 2, 3, 3, 3], "with filled masks": [2, 2, 2, 3, 3, 3, 3]}
    assert axis.get_ylim()[0] == 0
    assert [t.get_text() for t in axis.get_legend().get_texts()] == ["seen", "with filled masks"]


def test_cells_without_filled_masks_are_one_line_without_legend(axis, small) -> None:
    figures.draw_cells(axis, count_per_frame(small(filled=[])))
    assert len(axis.lines) == 1
    assert axis.get_legend() is None


def test_a_single_frame_is_a_dot(axis) -> None:
    figures.draw_cells(axis, pd.DataFrame({"frame": [0], "seen": [4], "filled": [0]}))
    assert axis.lines[0].get_marker() == "o"


@pytest.mark.parametrize("lengths", [[1, 1, 2, 7], [500, 3, 90], [1], []])
def test_every_track_is_in_the_histogram_of_lengths(axis, lengths: list[int]) -> None:
    figures.draw_lengths(axis, np.array(lengths, dtype=np.int64))
    (heights,) = bars(axis).values()
    assert heights.sum() == len(lengths)
    assert len(heights) <= figures.HISTOGRAM_BINS


def test_events_go_up_and_down(axis) -> None:
    counts = pd.DataFrame({"begins": [0, 2, 0], "divides": [1, 1, 0], "ends": [0, 0, 3]})
    figures.draw_events(axis, counts)
    drawn = bars(axis)
    assert drawn["divisions"].tolist() == [1, 1, 0]
    assert drawn["begin without mother"].tolist() == [1, 3, 0]  # on top of the divisions
    assert drawn["end early"].tolist() == [0, 0, -3]
    low, high = axis.get_ylim()
    assert low <= -3
    assert high >= 3
    assert axis.yaxis.get_major_formatter()(-3, 0) == "3"


def test_band_and_median(axis, small) -> None:
    data = small()
    moved = measure_displacement(data.detections, find_steps(data.detections, data.tracks), 7)
    figures.draw_band(axis, moved, "µm per frame")
    np.testing.assert_array_equal(axis.lines[0].get_ydata(), moved["median"])
    assert axis.get_ylabel() == "µm per frame"
    assert len(axis.collections) == 1


def test_a_band_of_nothing(axis) -> None:
    figures.draw_band(axis, pd.DataFrame(np.full((3, 4), np.nan), columns=["frame", "low", "median", "high"]), "px")
    assert axis.get_ylim()[1] > 0


def test_probabilities_are_split_at_the_limit_of_doubt(axis) -> None:
    chosen = np.array([0.1, 0.69, 0.7, 0.71, 0.99, 1.0])
    figures.draw_probabilities(axis, chosen)
    drawn = bars(axis)
    assert {name: int(h.sum()) for name, h in drawn.items()} == {"chosen links": 4, "doubtful: below 0.7": 2}


def test_gaps_are_stacked_by_what_became_of_them(axis) -> None:
    figures.draw_gaps(axis, np.array([1, 1, 3]), np.array([3]))
    drawn = bars(axis)
    assert drawn["filled"].tolist() == [2, 0, 1]
    assert drawn["left open, or in part"].tolist() == [2, 0, 2]
    other = Figure().subplots()
    figures.draw_gaps(other, np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
    assert list(bars(other)) == ["filled"]


def test_errors_are_stacked_by_kind(axis) -> None:
    figures.draw_errors(axis, pd.DataFrame({"missed cells": [1, 0], "invented masks": [2, 1], "joined cells": [0, 0]}))
    assert {name: heights.tolist() for name, heights in bars(axis).items()} == {
        "missed cells": [1, 0],
        "invented masks": [3, 1],
    }


def test_the_map_of_errors_has_a_mark_for_each_and_y_downwards(axis) -> None:
    places = {"missed cells": np.array([[1.0, 2.0], [3.0, 4.0]]), "invented masks": np.zeros((0, 2))}
    figures.draw_error_map(axis, places, (20.0, 30.0), "µm")
    (line,) = axis.lines
    assert (line.get_xdata().tolist(), line.get_ydata().tolist()) == ([2, 4], [1, 3])
    assert axis.get_ylim() == (20, 0)
