"""Figures inside the page."""

import re
import xml.etree.ElementTree as ET

import matplotlib as mpl
import numpy as np

from samtrack.report import figures
from samtrack.report.svg import draw_svg

LENGTHS = np.array([1, 2, 2, 5])


def drawn(name: str = "a", told: str = "Plot: lengths") -> str:
    return draw_svg(name, told, lambda axis: figures.draw_lengths(axis, LENGTHS))


def test_an_element_that_stands_alone() -> None:
    text = drawn()
    assert text.startswith("<svg role=")
    assert ET.fromstring(text).tag == "svg"
    assert "http" not in text
    assert "<style" not in text
    assert "metadata" not in text


def test_same_figure_same_bytes() -> None:
    assert drawn() == drawn()


def test_names_inside_do_not_clash_between_plots() -> None:
    first, second = (set(re.findall(r'\bid="([^"]+)"', drawn(name))) for name in "ab")
    assert first
    assert not first & second
    text = drawn()
    used = set(re.findall(r'href="#([^"]+)"', text)) | set(re.findall(r"url\(#([^)]+)\)", text))
    assert used <= first


def test_colours_are_the_pages_and_text_is_text() -> None:
    text = drawn()
    assert "var(--plot-main)" in text
    assert "var(--plot-muted)" in text
    assert not any(role.value in text for role in figures.Role)
    assert ">tracks</text>" in text
    assert "font-family" not in text


def test_the_description_is_escaped() -> None:
    assert ET.fromstring(drawn(told='a "b" <c> & d')).get("aria-label") == 'a "b" <c> & d'


def test_global_settings_are_left_as_they_were() -> None:
    before = dict(mpl.rcParams)
    drawn()
    assert dict(mpl.rcParams) == before
