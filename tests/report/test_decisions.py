"""The doubtful decisions as HTML."""

import re
from dataclasses import replace

import numpy as np

from samtrack.report.decisions import SEEN_AT_ONCE, write_doubtful
from samtrack.report.pictures import Contrast
from samtrack.report.tables import Reasons, list_doubtful, no_reasons
from samtrack.types import Links, Merges

CONTRAST = Contrast(0, 255)


def test_each_row_tells_what_where_and_who(small) -> None:
    data = small()
    text = write_doubtful(data, list_doubtful(data), CONTRAST).replace("\u202f", " ")
    rows = re.findall(r"<tr><td.*?</tr>", text, re.DOTALL)
    assert len(rows) == 14
    first = rows[0]
    assert ">0.42</td><td>division</td><td>2 → 3</td><td>x 12, y 12</td>" in first
    assert re.findall(r'data-track="(\d)" data-frame="(\d)"', first) == [("1", "2"), ("3", "3"), ("4", "3")]
    assert 'src="data:image/' in first
    assert 'alt="Frame 2 beside frame 3"' in first


def reasons(n, runner_up):
    texts = np.full(n, "iou_lead +2.1; <b> +0.4", dtype=object), np.full(n, "", dtype=object)
    return Reasons(np.full(n, runner_up), np.full(n, 0.25), *texts)


def test_runner_up_and_reasons_come_along_where_they_are_known(small) -> None:
    data = small()
    assert "runner-up" not in write_doubtful(data, list_doubtful(data), CONTRAST)
    told = replace(data, link_reasons=reasons(len(data.links), 1), division_reasons=reasons(1, -1))
    told = replace(told, fact_words={"iou_lead": "overlaps more"})
    text = write_doubtful(told, list_doubtful(told), CONTRAST)
    rows = re.findall(r"<tr><td.*?</tr>", text, re.DOTALL)
    assert "<td>none</td><td>+2.1\u202foverlaps more<br>+0.4\u202f&lt;b&gt;</td>" in rows[0], "the division"
    assert re.search(r'<td>0\.25, <button [^>]*data-track="2" data-frame="0">2</button> in frame 0</td>', rows[1])
    rejected = int(np.flatnonzero(data.tracks.track_of == 0)[0])
    told = replace(told, link_reasons=reasons(len(data.links), rejected))
    assert "0.25, a mask rejected in frame 5" in write_doubtful(told, list_doubtful(told), CONTRAST)


def test_a_shared_mask_names_its_two_cells(small) -> None:
    plain = small()
    at = {(f, v): i for i, (f, v) in enumerate(zip(plain.detections.frame, plain.detections.label, strict=True))}
    cells = np.array([[at[4, 2], at[4, 3], at[5, 9], at[6, 2], at[6, 3]]]).T
    data = replace(plain, merges=Merges(*cells, score=np.array([0.3]), features=np.zeros((1, 0))))
    text = write_doubtful(data, list_doubtful(data), CONTRAST).replace("\u202f", " ")
    first = re.findall(r"<tr><td.*?</tr>", text, re.DOTALL)[0]
    assert ">0.30</td><td>shared mask</td><td>4 → 5</td>" in first
    assert re.findall(r'data-track="(\d)" data-frame="(\d)"', first) == [("2", "4"), ("3", "4")]
    assert "8 decisions of 15" in text
    why = no_reasons(1)
    why = replace(why, spoke_for=np.array(["covered +3.0"], dtype=object))
    of_links, of_division = reasons(len(data.links), 1), reasons(1, -1)
    told = replace(data, link_reasons=of_links, division_reasons=of_division, merge_reasons=why)
    text = write_doubtful(told, list_doubtful(told), CONTRAST)
    assert "<td>one cell alone</td><td>+3.0\u202fcovered</td>" in text


def test_how_many_are_doubtful_is_said(small) -> None:
    data = small()
    assert "7 decisions of 14 have a probability below 0.7." in write_doubtful(data, list_doubtful(data), CONTRAST)
    ones = np.ones(len(data.links))
    sure = replace(
        data,
        links=Links(data.links.source, data.links.target, ones, data.links.origin, data.links.features),
        division_chosen=np.array([False]),
    )
    assert "No decision has a probability below 0.7." in write_doubtful(sure, list_doubtful(sure), CONTRAST)


def test_rows_after_the_first_are_folded(small) -> None:
    data = small()
    assert f"The next {14 - SEEN_AT_ONCE}" in write_doubtful(data, list_doubtful(data), CONTRAST)
    assert "<details>" not in write_doubtful(data, list_doubtful(data, SEEN_AT_ONCE), CONTRAST)


def test_nothing_was_decided(empty) -> None:
    data = empty()
    assert "No link and no division was decided." in write_doubtful(data, list_doubtful(data), CONTRAST)
