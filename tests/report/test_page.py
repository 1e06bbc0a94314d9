"""The page as a whole: complete, self-contained, escaped, the same each time, and robust."""

import re
import time
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest

from samtrack.report import draw_page
from samtrack.report.data import StageTime
from samtrack.types import ArrayFrames, Scale, Scores, Violation

VOID = {"meta", "img", "input", "br", "path", "use", "circle", "link"}
SECTIONS = ("movie", "time", "lineages", "doubtful", "scores", "facts")
OUTSIDE = {"src", "href", "action", "data", "poster", "srcset", "xlink:href", "xmlns"}


class Page(HTMLParser):
    """Reads a page: complains about elements that do not close, keeps ids, addresses and text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute twice in <{tag}>"
        self.tags.append((tag, given))
        self.ids += [given["id"]] if given.get("id") else []
        self.addresses += [given[name] for name in OUTSIDE & set(given)]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def require_whole(text: str) -> Page:
    """A page that parses, has all sections, no doubled name, and asks for nothing from outside."""
    page = Page(text)
    assert set(SECTIONS) <= set(page.ids)
    assert len(page.ids) == len(set(page.ids))
    assert all(address.startswith(("#", "data:")) for address in page.addresses)
    assert {a[1:] for a in page.addresses if a.startswith("#")} <= set(page.ids)
    assert not re.search(r"@import|url\((?!#)", text)
    return page


def test_the_page_is_whole_and_loads_nothing(small) -> None:
    text = draw_page(small())
    page = require_whole(text)
    assert "http://" not in text
    assert "https://" not in text
    assert ("html", {"lang": "en"}) in page.tags
    assert "default-src 'none'" in text


def test_same_data_same_bytes(small) -> None:
    assert draw_page(small()) == draw_page(small())


def test_what_happened_is_said_in_words(small) -> None:
    text = require_whole(draw_page(small())).text
    assert "18 cell masks in 7 frames were joined into 4 tracks with 1 division." in text
    assert "1 mask of these was missing and filled in." in text
    assert "1 mask was rejected" in text
    assert "Valid CTC result" in text
    assert "samtrack evaluate" in text  # no truth: how to get scores


def test_names_and_settings_are_escaped(small) -> None:
    evil = "</script><script>alert('1')</script><b>&\""
    data = replace(
        small(),
        dataset=evil,
        sequence=evil,
        settings={evil: [evil, {"a": evil}], "path": object},
        versions={evil: evil},
        timings=[StageTime(evil, 1, 1.0, 1.0, 2.0)],
        given=[(evil, evil)],
        machine=[(evil, evil)],
        violations=[Violation("rule", evil, evil, 1, 2)],
        scores=Scores({evil: 1.0}, "d", "s"),
    )
    page = require_whole(draw_page(data))
    scripts = [a for tag, a in page.tags if tag == "script"]
    assert len(scripts) == 2
    assert not any(tag == "b" and "alert" in str(a) for tag, a in page.tags)
    assert page.text.count("alert('1')") >= 8


def test_no_cell_at_all(empty) -> None:
    text = require_whole(draw_page(empty())).text
    assert "No cell was found in 3 frames." in text
    assert "There is no track" in text
    assert "No link and no division was decided." in text


def test_one_frame_without_cells(empty) -> None:
    require_whole(draw_page(empty(1)))


def test_a_volume(small) -> None:
    page = require_whole(draw_page(small(ndim=3)))
    assert any(given.get("class") == "slices" for _, given in page.tags)
    assert "The volume is seen from above" in page.text
    assert "z\u202f2" in page.text


def test_one_track_in_one_frame(assembled, tabled) -> None:
    from samtrack.types import Tracks

    label = np.zeros((16, 16), dtype=np.uint32)
    label[4:8, 4:8] = 1
    scale = Scale((1.0, 1.0))
    detections = tabled([(0, 1, np.array([5.5, 5.5]), 16, np.array([4, 4]), np.array([7, 7]))], scale)
    data = assembled([label.astype(np.uint8)], [label], scale, detections, Tracks([1], [1], [0], [0], [0]))
    text = require_whole(draw_page(data)).text
    assert "1 cell mask in 1 frame was joined into 1 track with 0 divisions." in text


@pytest.mark.parametrize(
    ("dtype", "offset"), [(np.float32, -5.0), (np.float64, 1e-3), (np.uint16, 32768), (np.int16, -400)]
)
def test_all_kinds_of_images(small, dtype: type, offset: float) -> None:
    data = small(dtype=dtype, offset=offset)
    require_whole(draw_page(data))


@pytest.mark.parametrize("value", [np.nan, 3.0])
def test_constant_images(small, value: float) -> None:
    data = small()
    flat = [np.full(data.images.shape, value, dtype=np.float32)] * 7
    require_whole(draw_page(replace(data, images=ArrayFrames(flat, data.images.scale))))


def test_tens_of_thousands_of_tracks(crowded) -> None:
    data = crowded()
    assert len(data.tracks) > 20_000
    start = time.perf_counter()
    text = draw_page(data)
    assert time.perf_counter() - start < 60
    assert len(text) < 8e6
    page = require_whole(text)
    assert "20\u202f145 tracks in 79 lineages, of which 79 divide, over at most 8 generations." in page.text
