"""Results put into place; of datasets with marked first cells, the one with all cells, too."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from samtrack.config import build_config
from samtrack.errors import SubmissionError
from samtrack.io.ctc import read_strict_table
from samtrack.stages.simulate import run_simulate
from samtrack.stages.submit_results import place_results, require_lineages
from samtrack.submit import DATASETS

RECIPE = {"frames": 5, "shape_px": [120, 120], "seed": 3, "cells": {"count": 9, "cycle_hours": 5}}


@pytest.fixture
def address(tmp_path, track):
    """A run, called after a dataset of which only marked lineages are scored, that keeps two of the first cells."""
    recipe = build_config({"sequences": [{"name": "01", "simulate": RECIPE}]}).sequences[0].simulate
    run_simulate(recipe, tmp_path, "01")
    truth = tifffile.imread(tmp_path / "01_GT" / "TRA" / "man_track000.tif")
    marked = np.where(np.isin(truth, np.unique(truth)[1:3]), truth, 0)
    tifffile.imwrite(tmp_path / "man_track000.tif", marked)
    sequence = {"name": "01", "images": str(tmp_path / "01"), "masks": str(tmp_path / "01_GT" / "TRA")}
    sequence |= {"first_frame": str(tmp_path / "man_track000.tif")}
    raw = {"dataset": "Fluo-N3DL-DRO", "out": str(tmp_path / "out"), "sequences": [sequence]}
    raw |= {"segment": {"method": "given"}, "fill": {"method": "shape"}, "lineages": "from_first_frame"}
    return track(raw)


def test_marked_lineages_and_all_cells_are_two_results(address, tmp_path):
    assert DATASETS[address.config.dataset].first_frame
    require_lineages(address)
    own, every = place_results(address, tmp_path / "DRO", "GT")
    assert (own.name, every.name) == ("01_RES-GT", "CSB/01_RES-GT")
    tables = [read_strict_table(one.folder / "res_track.txt") for one in (own, every)]
    assert (own.n_tracks, every.n_tracks) == tuple(len(table) for table in tables)
    first = [np.unique(tifffile.imread(one.folder / "mask000.tif")) for one in (own, every)]
    assert (len(first[0]), len(first[1])) == (3, 10), "background and the cells"
    for t in range(5):
        some, whole = (tifffile.imread(one.folder / f"mask{t:03d}.tif") for one in (own, every))
        assert np.array_equal(whole > 0, (whole > 0) | (some > 0)), "all cells of the one are in the other"


def test_other_lineages_in_the_result_are_refused(address, tmp_path):
    everything = place_results(address, tmp_path / "DRO", None)[1].folder
    address.layout.result.rename(tmp_path / "kept")
    everything.rename(address.layout.result)
    with pytest.raises(SubmissionError, match=r"unmarked-lineage: res_track.txt, frame 0"):
        place_results(address, tmp_path / "again", None)
