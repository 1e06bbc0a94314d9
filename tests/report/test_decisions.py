"""The doubtful decisions as HTML."""

import re
from dataclasses import replace

import numpy as np

from samtrack.report.data import Reasons, no_reasons
from samtrack.report.decisions import VERDICTS, tell_doubtful, write_doubtful
from samtrack.report.pictures import Contrast
from samtrack.report.tables import list_doubtful
from samtrack.types import Links, Merges

CONTRAST = Contrast(0, 255)


def test_each_row_tells_what_where_and_who(small) -> None:
    data = small()
    text = write_doubtful(data, list_doubtful(data), CONTRAST).replace("\u202f", " ")
    rows = re.findall(r"<li class=.*?</li>", text, re.DOTALL)
    assert len(rows) == 14
    first = rows[0]
    assert "1. Division, probability 0.42" in first
    assert "Frames 2 → 3, track" in first
    assert "x 12, y 12" in first
    assert re.findall(r'class="verdict-is" value="(\w+)"', first) == ["right", "wrong", "first", "second"]
    assert "Only 3 goes on" in first
    assert re.findall(r'data-track="(\d)" data-frame="(\d)"', first) == [("1", "2"), ("3", "3"), ("4", "3")]
    assert 'src="data:image/' in first
    assert 'alt="Frame 2 beside frame 3"' in first


def reasons(n, runner_up):
    texts = np.full(n, "iou_lead +2.1; <b> +0.4", dtype=object), np.full(n, "", dtype=object)
    return Reasons(np.full(n, runner_up), np.full(n, 0.25), *texts)


def test_runner_up_and_reasons_come_along_where_they_are_known(small) -> None:
    data = small()
    assert "Instead" not in write_doubtful(data, list_doubtful(data), CONTRAST)
    told = replace(data, link_reasons=reasons(len(data.links), 1), division_reasons=reasons(1, -1))
    told = replace(told, fact_words={"iou_lead": "overlaps more"})
    text = write_doubtful(told, list_doubtful(told), CONTRAST)
    rows = re.findall(r"<li class=.*?</li>", text, re.DOTALL)
    assert "<dd>nothing else was proposed</dd>" in rows[0], "the division"
    assert "<dt>For</dt><dd>overlaps more +2.1; &lt;b&gt; +0.4</dd>" in rows[0]
    assert "<dt>Against</dt>" not in rows[0]
    assert re.search(r'<dd>0\.25, <button [^>]*data-track="2" data-frame="0">2</button> in frame 0</dd>', rows[1])
    rejected = int(np.flatnonzero(data.tracks.track_of == 0)[0])
    told = replace(told, link_reasons=reasons(len(data.links), rejected))
    assert "0.25, a mask rejected in frame 5" in write_doubtful(told, list_doubtful(told), CONTRAST)


def test_a_shared_mask_names_its_two_cells(small) -> None:
    plain = small()
    at = {(f, v): i for i, (f, v) in enumerate(zip(plain.detections.frame, plain.detections.label, strict=True))}
    cells = np.array([[at[4, 2], at[4, 3], at[5, 9], at[6, 2], at[6, 3]]]).T
    data = replace(plain, merges=Merges(*cells, score=np.array([0.3]), features=np.zeros((1, 0))))
    text = write_doubtful(data, list_doubtful(data), CONTRAST).replace("\u202f", " ")
    first = re.findall(r"<li class=.*?</li>", text, re.DOTALL)[0]
    assert "1. Shared mask, probability 0.30" in first
    assert "Frames 4 → 5" in first
    assert "Only 3 is there" in first
    assert re.findall(r'data-track="(\d)" data-frame="(\d)"', first) == [("2", "4"), ("3", "4")]
    assert "8 decisions of 15" in text
    told = tell_doubtful(data, list_doubtful(data))[0]
    assert told["cells"] == [(4, 2), (4, 3), (6, 2), (6, 3)], "before the mask and after it"
    assert (told["to"], told["verdicts"]) == (5, ["right", "first", "second"])
    why = no_reasons(1)
    why = replace(why, spoke_for=np.array(["covered +3.0"], dtype=object))
    of_links, of_division = reasons(len(data.links), 1), reasons(1, -1)
    told = replace(data, link_reasons=of_links, division_reasons=of_division, merge_reasons=why)
    text = write_doubtful(told, list_doubtful(told), CONTRAST)
    assert "<dd>one cell alone</dd>" in text
    assert "<dd>covered +3.0</dd>" in text


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


def test_the_script_knows_the_cells_of_each(small) -> None:
    data = small()
    told = tell_doubtful(data, list_doubtful(data))
    assert told[0] == {
        "kind": "division",
        "probability": "0.42",
        "to": 3,
        "cells": [(2, 1), (3, 3), (3, 4)],
        "verdicts": ["right", "wrong", "first", "second"],
    }
    (frame, track), (to_frame, same) = told[1]["cells"]
    assert (told[1]["kind"], track, to_frame) == ("link", same, frame + 1)
    assert set(VERDICTS) == {"link", "division", "shared mask"}


def test_nothing_was_decided(empty) -> None:
    data = empty()
    assert "No link and no division was decided." in write_doubtful(data, list_doubtful(data), CONTRAST)
