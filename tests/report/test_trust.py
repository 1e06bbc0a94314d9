"""Reliability diagrams: one for each kind of probability, with words for who cannot see them."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from samtrack.report import figures
from samtrack.report.trust import write_trust
from samtrack.types import Reliability


def told(name, count=(100, 3, 50), said=(0.1, 0.5, 0.9), seen=(0.1, 0.4, 0.8)):
    return Reliability(name, np.array(count), np.array(said), np.array(seen))


def test_a_diagram_for_each_kind_with_both_movies_in_words(small):
    data = replace(small(), held_out=[told("link over <gaps>"), told("division")], came_true=[told("division")])
    text = write_trust(data)
    assert text.count("<figure>") == text.count("<svg role=") == 2
    assert "<h3>Link over &lt;gaps&gt;</h3>" in text
    assert text.count("On movies held out said and seen differ by 3.5 percentage points, over 153 proposals.") == 4
    assert text.count("On this movie said and seen") == 2
    assert "has no truth" not in text


def test_without_a_truth_it_is_said_and_without_a_card_too(small):
    assert "This movie has no truth" in write_trust(replace(small(), held_out=[told("division")]))
    assert "no card, and no truth" in write_trust(small())
    assert "<svg" not in write_trust(small())


def test_tenths_with_few_proposals_are_left_out():
    axis = Figure().subplots()
    figures.draw_reliability(axis, told("x"), None)
    diagonal, line = axis.lines
    assert [list(part) for part in diagonal.get_data()] == [[0, 1], [0, 1]]
    assert line.get_xdata().tolist() == [0.1, 0.9]
    assert line.get_label() == "movies held out"
    figures.draw_reliability(axis, None, told("x", count=(0, 0, 0)))
    assert axis.lines[-1].get_xdata().tolist() == []
