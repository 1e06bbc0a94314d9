"""What the decision's tables say beside the decision."""

from pathlib import Path

import numpy as np
import pytest

from samtrack.config.simulate import SimulateSettings
from samtrack.io.names import DIVISIONS_TABLE, LINKS_TABLE, MERGES_TABLE
from samtrack.io.tables import read_table
from samtrack.stages.simulate import run_simulate


@pytest.fixture(scope="module")
def tables(tmp_path_factory, track):
    folder: Path = tmp_path_factory.mktemp("explained")
    recipe = {"frames": 12, "shape_px": (128, 128), "seed": 5, "cells": {"count": 14, "cycle_hours": 3}}
    run_simulate(SimulateSettings.model_validate(recipe), folder, "01")
    sequence = {"name": "01", "images": str(folder / "01"), "masks": str(folder / "01_ERR_SEG")}
    address = track({"out": str(folder / "out"), "sequences": [sequence], "segment": {"method": "given"}})
    return {name: read_table(address.layout.decided / name) for name in (LINKS_TABLE, DIVISIONS_TABLE, MERGES_TABLE)}


@pytest.mark.parametrize("name", [LINKS_TABLE, DIVISIONS_TABLE])
def test_every_chosen_proposal_says_why(tables, name):
    table = tables[name]
    chosen = table["chosen"].astype(bool)
    assert chosen.any()
    for column in ("spoke_for", "spoke_against"):
        assert all(isinstance(text, str) for text in table[column][chosen])
        assert all(text is None for text in table[column][~chosen])
    likely = chosen & (table["score"] > 0.9)
    assert all(" +" in text for text in table["spoke_for"][likely])


def test_shared_masks_say_why_where_they_were_chosen(tables):
    table = tables[MERGES_TABLE]
    chosen = table["chosen"].astype(bool)
    for column in ("spoke_for", "spoke_against"):
        assert [text is not None for text in table[column]] == chosen.tolist()


def test_every_link_names_its_runner_up_and_its_rival(tables):
    links = tables[LINKS_TABLE]
    alone = np.isnan(links["runner_up_score"])
    assert ((links["runner_up_frame"] == -1) == alone).all()
    assert ((links["runner_up_label"] == -1) == alone).all()
    assert not alone.all()
    rows = zip(links["source_frame"], links["source_label"], links["target_label"], links["score"], strict=True)
    score = {(frame, a, b): value for frame, a, b, value in rows}
    for i in np.flatnonzero(~alone):
        source = links["source_frame"][i], links["source_label"][i]
        assert score[(*source, links["runner_up_label"][i])] == links["runner_up_score"][i]
    rival = ~np.isnan(links["rival_score"])
    assert (links["rival_frame"][rival] < links["target_frame"][rival]).all()


def test_a_division_names_what_the_mother_would_have_done(tables):
    divisions = tables[DIVISIONS_TABLE]
    there = ~np.isnan(divisions["runner_up_score"])
    assert there.any()
    assert (divisions["runner_up_frame"][there] > divisions["mother_frame"][there]).all()
