"""How the proposals of a tracked movie came true, against its simulated truth."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from samtrack.blocks import whole_box
from samtrack.config.simulate import SimulateSettings
from samtrack.evaluate import match_frame
from samtrack.io.names import ASSIGNED_TABLE, DIVISIONS_TABLE, LINKS_TABLE, TRACKS_TABLE
from samtrack.io.ome_zarr import open_image
from samtrack.io.tables import read_detections, read_divisions, read_links, read_tracks
from samtrack.link.calibrate import default_plain
from samtrack.link.facts import FACTS
from samtrack.stages.annotated import true_tracks
from samtrack.stages.mistakes import match_movie, open_truth
from samtrack.stages.reliability import judge_movie, reaches_into, read_card
from samtrack.stages.report import run_report
from samtrack.stages.simulate import run_simulate
from samtrack.train.link_card import TOLD
from samtrack.types import Box


@pytest.fixture(scope="module")
def tracked(tmp_path_factory, track):
    """A tracked movie: its address and what `judge_movie` is given."""
    folder: Path = tmp_path_factory.mktemp("reliable")
    recipe = {"frames": 10, "shape_px": (128, 128), "seed": 5, "cells": {"count": 14, "cycle_hours": 3}}
    run_simulate(SimulateSettings.model_validate(recipe), folder, "01")
    sequence = {"name": "01", "images": str(folder / "01"), "masks": str(folder / "01_ERR_SEG")}
    raw = {
        "out": str(folder / "out"),
        "sequences": [sequence],
        "segment": {"method": "given"},
        "link": {"candidates": 4},
    }
    address = track(raw | {"export": {"ctc": False}})
    layout = address.layout
    detections = read_detections([layout.detections(name) for name in address.names])
    tracks = read_tracks(layout.decided / TRACKS_TABLE, layout.decided / ASSIGNED_TABLE, detections)
    links, _ = read_links([layout.decided / LINKS_TABLE], detections)
    divisions, _ = read_divisions([layout.decided / DIVISIONS_TABLE], detections)
    return address, (open_image(layout.tracked), detections, tracks, links, divisions)


def with_truth(address, truth):
    sequence = address.sequence.model_copy(update={"truth": str(truth)})
    return replace(address, sequence=sequence)


def judged(address, labels, *tables):
    address = with_truth(address, Path(address.config.out).parent / "01_GT")
    truth = open_truth(address)
    detections, *decided = tables
    inside = reaches_into(detections, whole_box(labels.shape))
    assert inside.all()
    return judge_movie(truth, match_movie(address, truth, labels), detections, inside, *decided)


def test_likely_links_came_true_and_unlikely_ones_did_not(tracked):
    address, result = tracked
    told = {part.name: part for part in judged(address, *result)}
    for name in ("contest", "again"):
        assert told[TOLD[name]].count.sum() > 60
        assert told[TOLD[name]].seen[-1] > 0.9
    assert told[TOLD["contest"]].seen[0] < 0.1
    assert list(told) == [name for name in TOLD.values() if name in told]
    assert {TOLD["division"], TOLD["division_again"]} <= set(told)


def test_what_leaves_the_field_of_interest_is_not_judged(tracked):
    address, (labels, detections, tracks, links, divisions) = tracked
    address = with_truth(address, Path(address.config.out).parent / "01_GT")
    truth = open_truth(address)
    inside = reaches_into(detections, Box((40, 0), labels.shape))
    assert 0 < np.count_nonzero(inside) < len(inside)
    assert (detections.box_stop[~inside, 0] <= 40).all()
    matches = match_movie(address, truth, labels)
    told = {p.name: p for p in judge_movie(truth, matches, detections, inside, tracks, links, divisions)}
    every = {p.name: p for p in judged(address, labels, detections, tracks, links, divisions)}
    near = inside[links.source] & inside[links.target]
    assert 0 < told[TOLD["again"]].count.sum() <= np.count_nonzero(near)
    assert told[TOLD["again"]].count.sum() < every[TOLD["again"]].count.sum()


def test_without_a_second_look_there_is_one_judgement(tracked):
    address, (labels, detections, tracks, links, divisions) = tracked
    links, divisions = (
        replace(table, features=table.features[:, :n], feature_names=table.feature_names[:n])
        for table in (links, divisions)
        for n in [table.feature_names.index("again_first")]
    )
    told = {part.name for part in judged(address, labels, detections, tracks, links, divisions)}
    assert told >= {TOLD["frame"], TOLD["contest"], TOLD["division"]}
    assert not told & {TOLD["again"], TOLD["gap_again"], TOLD["division_again"]}


def test_without_a_truth_nothing_is_opened(tracked):
    assert open_truth(tracked[0]) is None


def test_the_page_shows_it(tracked):
    address, _ = tracked
    run_report(with_truth(address, Path(address.config.out).parent / "01_GT"))
    page = address.layout.page.read_text(encoding="utf-8")
    assert page.count("On movies held out said and seen differ") >= 4
    assert "On this movie said and seen differ" in page
    assert "<dt>Instead</dt>" in page
    assert "Errors against the truth" in page


def test_the_card_of_the_shipped_model_has_a_part_for_each_model():
    assert list(TOLD) == list(FACTS)
    assert [part.name for part in read_card(default_plain())] == [TOLD[name] for name in default_plain()["held_out"]]
    assert read_card({}) == []


def test_a_mask_that_covers_two_cells_is_the_one_it_fits_best():
    truth, mask = np.zeros((2, 4, 10), dtype=np.uint16)
    truth[:, :3], truth[:, 3:9] = 7, 8
    mask[:, :9] = 2
    mask[0, 9] = 5
    assert true_tracks(match_frame(truth, mask), np.array([2, 5])).tolist() == [8, 0]
    assert true_tracks(match_frame(truth, mask), np.array([5])).tolist() == [0], "a label that nobody asks for"
