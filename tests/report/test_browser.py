"""The page in a real browser: it loads, plays, selects, finds, zooms, and saves what a person decided."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.report.browser import Browser, find_browser
from tests.report.conftest import small_movie

from samtrack.config.report import ReportSettings
from samtrack.report import draw_page
from samtrack.types import ErrorKind, Errors, Merges

COMMAND = find_browser()
HEAD = ["action", "frame", "track", "other_frame", "other_track", "note"]

pytestmark = pytest.mark.skipif(
    COMMAND is None, reason="no browser here: tests/install.sh installs Debian's chromium where it may"
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    assert COMMAND is not None
    started = Browser(COMMAND)
    yield started
    started.close()


def opened(browser: Browser, data, path: Path, **media: str) -> None:
    """Write a page and open it from disk."""
    path.write_text(draw_page(data), encoding="utf-8")
    browser.open(path, **media)
    browser.run("localStorage.clear()")
    browser.open(path, **media)


def with_errors(data):
    """The same with an error of each kind, in frame 4 and one in frame 0."""
    n, ndim = len(ErrorKind), len(data.images.shape)
    frame = np.array([0, 4, 4, 4, 4])
    at = np.tile([2.0] * (ndim - 2) + [5.0, 10.0], (n, 1)) + np.arange(n)[:, None]
    return replace(data, errors=Errors(frame, np.array(list(ErrorKind)), np.array([0, 2, 3, 4, 4]), at))


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a small movie, drawn once."""
    path = tmp_path_factory.mktemp("page") / "01_report.html"
    path.write_text(draw_page(with_errors(small_movie(report=ReportSettings(frames_shown=7)))), encoding="utf-8")
    return path


@pytest.fixture
def page(browser: Browser, written: Path) -> Browser:
    browser.open(written)
    browser.run("localStorage.clear()")
    browser.open(written)
    return browser


def quiet(browser: Browser) -> None:
    """Nothing was complained of, and nothing was asked of any network."""
    assert browser.complaints == []
    assert len(browser.requests) == 1, browser.requests
    assert browser.requests[0].startswith("file://")
    assert not browser.run("document.querySelector('[role=alert]')?.innerText")


def pixels(browser: Browser) -> int:
    """Pixels that are drawn over the picture."""
    return browser.run(
        "(() => { const c = document.querySelector('canvas.lines'); const p = c.getContext('2d')"
        ".getImageData(0, 0, c.width, c.height).data; let n = 0; for (let i = 3; i < p.length; i += 4) n += p[i] > 0;"
        " return n; })()"
    )


def frame_of(browser: Browser) -> str:
    return browser.run("document.querySelector('.player').dataset.frame")


def at_frame(browser: Browser, frame: int) -> None:
    browser.wait(f"document.querySelector('.player').dataset.frame === '{frame}'")


def test_it_loads_from_disk_without_complaint_or_request(page: Browser) -> None:
    quiet(page)
    assert frame_of(page) == "0"
    assert pixels(page) > 500
    assert page.run("document.querySelector('.picture').naturalWidth") > 0


def test_it_plays_and_stops(page: Browser) -> None:
    page.click(".play")
    page.wait("Number(document.querySelector('.player').dataset.frame) >= 2")
    assert page.text(".play") == "Stop"
    page.click(".play")
    assert page.text(".play") == "Play"
    quiet(page)


def test_keys_move_in_time(page: Browser) -> None:
    page.click("h1")
    page.press("ArrowRight")
    at_frame(page, 1)
    page.press("ArrowLeft")
    at_frame(page, 0)
    page.press("ArrowLeft")
    at_frame(page, 0)
    assert "frame 0, 0 min" in page.text("output")


def test_a_click_in_the_picture_selects_the_track_there(page: Browser) -> None:
    page.click(".screen", 11 / 60, 13 / 40)
    assert "Track 1: frames 0 to 2" in page.text(".named")
    assert "Daughters 3 4" in page.text(".chosen")
    page.click(".screen", 44 / 60, 32 / 40)
    assert page.run("document.querySelector('.wanted').value") == "2"
    assert "1 mask filled in" in page.text(".chosen")
    page.click(".screen", 0.5, 0.05)
    assert page.run("document.querySelector('.chosen').hidden"), "a click beside all cells selects nothing"
    quiet(page)


def test_relatives_are_one_click_away(page: Browser) -> None:
    page.type(".wanted", "3")
    at_frame(page, 3)
    assert "Track 3, child of track 1" in page.text(".named")
    page.run("[...document.querySelectorAll('.chosen .track')].find((b) => b.innerText === '1').click()")
    at_frame(page, 2)
    assert "Track 1: frames 0 to 2" in page.text(".named")
    page.press("Escape")
    assert page.run("document.querySelector('.chosen').hidden")


def test_search_says_what_it_does_not_find(page: Browser) -> None:
    page.type(".wanted", "99")
    assert "There is no track 99 in this page; tracks run from 1 to 4." in page.text(".named")
    page.type(".wanted-tree", "99")
    assert "There is no track 99" in page.text(".trees-told")


def test_boxes_hide_what_they_name(page: Browser) -> None:
    page.type(".wanted", "4")
    at_frame(page, 3)
    everything = pixels(page)
    for box in ("tails", "births", "outlines"):
        page.click(f"input.{box}")
        fewer = pixels(page)
        assert fewer < everything, box
        everything = fewer
    page.type(".wanted", "")
    page.wait("document.querySelector('.chosen').hidden")
    assert pixels(page) == 0


def test_what_is_drawn_is_of_one_frame_while_the_next_is_on_its_way(page: Browser) -> None:
    before = pixels(page)
    drawn = page.run(
        "(() => { const slider = document.querySelector('.time'); slider.value = 6;"
        " slider.dispatchEvent(new Event('input')); const box = document.querySelector('input.tails');"
        " box.dispatchEvent(new Event('change'));"
        " return document.querySelector('.player').dataset.frame; })()"
    )
    assert drawn == "0", "nothing of frame 6 is known yet"
    at_frame(page, 6)
    assert pixels(page) != before
    quiet(page)


def test_errors_are_shown_when_asked_for(page: Browser) -> None:
    page.click("input.outlines")
    page.click("input.tails")
    page.click("input.births")
    assert pixels(page) == 0
    page.click("input.faults")
    assert pixels(page) > 50
    page.click("#errors button.track")
    at_frame(page, 4)
    quiet(page)


def test_zoom_and_drag(page: Browser) -> None:
    page.click(".in")
    page.click(".in")
    assert "scale(2.25)" in page.run("document.querySelector('.stage').style.transform")
    page.wheel(".screen", -100, held=2)
    assert "scale(3.375)" in page.run("document.querySelector('.stage').style.transform")
    for _ in range(4):
        page.click(".out")
    assert "scale(1)" in page.run("document.querySelector('.stage').style.transform")


def test_lineages_are_drawn_searched_and_clicked(page: Browser) -> None:
    assert page.run("document.querySelector('#lineages').dataset.rows") == "3"
    assert page.run("document.querySelector('#lineages').dataset.drawn") == "4"
    page.type(".wanted-tree", "4")
    at_frame(page, 3)
    assert "Track 4" in page.text(".chosen")
    row = 22 + 1.5 * 13  # the second leaf of the largest lineage
    height = page.run("document.querySelector('.window').clientHeight")
    page.click(".window", 0.95, (22 + 0.5 * 13) / height)
    assert "Track 3" in page.text(".chosen")
    page.click(".window", 0.95, row / height)
    assert "Track 4" in page.text(".chosen")
    at_frame(page, 6)
    page.run(
        "{ const f = document.querySelector('.filter'); f.value = 'divides'; f.dispatchEvent(new Event('change')); }"
    )
    assert "1 lineage with 3 tracks chosen." in page.text(".trees-told")
    quiet(page)


def test_lineages_are_zoomed(page: Browser) -> None:
    def height() -> float:
        return float(page.run("document.querySelector('#lineages').dataset.rowPx"))

    before = height()
    page.click(".rows-in")
    assert height() == pytest.approx(1.5 * before, rel=1e-3)
    page.wheel(".window", 100, held=2)
    assert height() == pytest.approx(1.5 / 1.4 * before, rel=1e-3)
    page.click(".fit")
    assert height() == pytest.approx(40), "three rows never fill the window"


def verdicts_of(page: Browser) -> tuple[str, list[list[str]]]:
    name, content = page.download(".save")
    return name, list(csv.reader(io.StringIO(content.decode())))


def test_doubtful_decisions_are_judged_by_keys_and_saved(page: Browser) -> None:
    cards = page.run("document.querySelectorAll('.doubt').length")
    assert cards == 14
    assert page.run("document.querySelectorAll('.doubt:not([hidden])').length") == 1
    assert page.run("document.querySelector('.save').disabled")
    assert "Division, probability 0.42" in page.text(".doubt.at h3")
    page.click(".doubt.at h3")
    page.press("1")  # the division: only the first daughter is right
    assert page.run("document.querySelector('#doubtful').dataset.at") == "1", "the next one comes by itself"
    page.press("n")
    page.press("y")
    page.press("j")
    page.press("n")
    assert "4 verdicts: 1 right, 3 wrong" in page.text(".judged")
    for _ in range(3):
        page.press("k")
    page.press("u")  # takes the verdict back
    assert "3 verdicts: 0 right, 3 wrong" in page.text(".judged")
    name, rows = verdicts_of(page)
    assert name == "Made_01_corrections.csv"
    assert rows[0] == HEAD
    assert rows[1][:5] == ["unlink", "2", "1", "3", "4"]
    assert rows[2][:5] == ["link", "2", "1", "3", "3"]
    assert rows[1][5] == "division of probability 0.42 judged only the first"
    assert [row[0] for row in rows[3:]] == ["unlink", "unlink"]
    quiet(page)


def test_verdicts_by_button_stay_when_the_page_is_opened_again(browser: Browser, small, tmp_path: Path) -> None:
    path = tmp_path / "again.html"
    opened(browser, small(), path)
    browser.click(".doubt.at button[value=right]")
    browser.open(path)
    assert "1 verdict: 1 right" in browser.text(".judged")
    _, rows = verdicts_of(browser)
    assert [row[:5] for row in rows[1:]] == [["divide", "2", "1", "3", "3"], ["divide", "2", "1", "3", "4"]]
    browser.click(".forget")
    browser.open(path)
    assert "0 verdicts" in browser.text(".judged")


def test_a_shared_mask_of_one_cell_cuts_the_other_track(browser: Browser, small, tmp_path: Path) -> None:
    data = small()
    at = {(f, v): i for i, (f, v) in enumerate(zip(data.detections.frame, data.detections.label, strict=True))}
    cells = np.array([[at[4, 2], at[4, 3], at[5, 9], at[6, 2], at[6, 3]]]).T
    merges = Merges(*cells, score=np.array([0.3]), features=np.zeros((1, 0)))
    opened(browser, replace(data, merges=merges), tmp_path / "shared.html")
    browser.click(".doubt.at button[value=second]")
    assert [row[:5] for row in verdicts_of(browser)[1][1:]] == [["unlink", "4", "2", "6", "2"]]
    browser.click(".forget")


def test_a_decision_jumps_to_its_frame(page: Browser) -> None:
    page.click(".after")
    page.click(".doubt.at .to-movie")
    frame, track = (
        page.run(f"JSON.parse(document.querySelector('#about').textContent).decisions[1].cells[0][{i}]") for i in (0, 1)
    )
    at_frame(page, frame)
    assert f"Track {track}" in page.text(".named")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_volume_has_slices(browser: Browser, small, tmp_path: Path, scheme: str) -> None:
    opened(browser, with_errors(small(ndim=3)), tmp_path / "volume.html", prefers_color_scheme=scheme)
    quiet(browser)
    assert browser.text(".slice") == "projection"
    cells = pixels(browser)
    browser.place(".slices")
    browser.run("{ const s = document.querySelector('.slices'); s.value = 1; s.dispatchEvent(new Event('input')); }")
    browser.wait("document.querySelector('.player').dataset.view === 'z = 0'")
    assert pixels(browser) < cells, "no cell reaches the lowest plane"
    browser.run("{ const s = document.querySelector('.slices'); s.value = 3; s.dispatchEvent(new Event('input')); }")
    browser.wait("document.querySelector('.player').dataset.view === 'z = 2'")
    browser.click(".screen", 11 / 60, 13 / 40)
    assert "Track 1" in browser.text(".named")
    quiet(browser)


def test_a_page_without_cells(browser: Browser, empty, tmp_path: Path) -> None:
    opened(browser, empty(), tmp_path / "empty.html")
    quiet(browser)
    browser.press("ArrowRight")
    at_frame(browser, 1)


def test_twenty_thousand_tracks(browser: Browser, crowded, tmp_path: Path) -> None:
    opened(browser, crowded(), tmp_path / "crowded.html")
    quiet(browser)
    assert int(browser.run("document.querySelector('#lineages').dataset.drawn")) < 2000, (
        "what is out of sight costs nothing"
    )
    browser.type(".wanted-tree", "20000")
    assert "Track 20000" in browser.text(".chosen")
    browser.click(".fit")
    browser.wait("Number(document.querySelector('#lineages').dataset.rowPx) < 0.1")
    quiet(browser)


def test_a_browser_that_is_too_old_is_told(browser: Browser, small, tmp_path: Path) -> None:
    text = draw_page(small()).replace('"use strict";', '"use strict"; delete globalThis.DecompressionStream;', 1)
    (tmp_path / "old.html").write_text(text, encoding="utf-8")
    browser.open(tmp_path / "old.html")
    assert "too old to play the movie" in browser.text("[role=alert]")
