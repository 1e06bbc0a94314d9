"""Plots as HTML."""

import pytest

from samtrack.report.plots import write_plots
from samtrack.report.tables import count_per_frame, find_steps
from samtrack.types import Scale


def plots(data) -> str:
    return write_plots(data, find_steps(data.detections, data.tracks), count_per_frame(data))


def test_seven_plots_each_described(small) -> None:
    text = plots(small())
    assert text.count("<figure>") == text.count("<svg role=") == text.count('aria-label="Plot: ') == 7
    assert "6 of 13 chosen links are doubtful" in text
    assert "1 gap filled with masks, 0 left open or in part." in text
    assert "Half of the tracks are at least 4 frames long." in text


@pytest.mark.parametrize(("ndim", "power"), [(2, "²"), (3, "³")])
def test_units_follow_calibration_and_axes(small, ndim: int, power: str) -> None:
    text = plots(small(ndim=ndim))
    assert "µm per frame" in text
    assert f"Size of the cells in µm{power}" in text
    uncalibrated = plots(small(ndim=ndim, scale=Scale((1.0,) * ndim, is_calibrated=False)))
    assert "px per frame" in uncalibrated
    assert "µm" not in uncalibrated


def test_nothing_to_draw(empty) -> None:
    assert plots(empty()).count("<svg role=") == 7
