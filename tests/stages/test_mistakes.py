"""Errors of a tracked movie: as many as the measures count, each where it is."""

from pathlib import Path

import numpy as np
import pytest

from samtrack.blocks import whole_box
from samtrack.config.evaluate import EvaluateSettings
from samtrack.config.simulate import SimulateSettings
from samtrack.io.ctc import open_mask
from samtrack.io.decided import read_columns
from samtrack.io.ome_zarr import open_image
from samtrack.stages.evaluate import run_evaluate
from samtrack.stages.followed import read_shown
from samtrack.stages.mistakes import InField, as_exported, find_errors, match_movie, open_truth
from samtrack.stages.simulate import run_simulate
from samtrack.types import ArrayFrames, Box, ErrorKind, Scale


@pytest.fixture(scope="module", params=[0, 12], ids=["all", "without a rim"])
def tracked(request, tmp_path_factory, track):
    folder: Path = tmp_path_factory.mktemp("mistakes")
    recipe = {"frames": 8, "shape_px": (128, 128), "seed": 9, "cells": {"count": 16, "cycle_hours": 3}}
    run_simulate(SimulateSettings.model_validate(recipe), folder, "01")
    sequence = {
        "name": "01",
        "images": str(folder / "01"),
        "masks": str(folder / "01_ERR_SEG"),
        "truth": str(folder / "01_GT"),
    }
    fill = {"method": "shape"}
    raw = {"out": str(folder / "out"), "sequences": [sequence], "segment": {"method": "given"}, "fill": fill}
    return track(raw | {"export": {"field_of_interest_px": request.param}})


@pytest.fixture(scope="module")
def found(tracked):
    labels, truth = as_exported(tracked, open_image(tracked.layout.tracked)), open_truth(tracked)
    _, tracks = read_shown(tracked)
    return labels, truth, find_errors(tracked, truth, match_movie(tracked, truth, labels), labels, tracks)


def test_there_are_as_many_as_the_measures_count(tracked, found):
    _, _, errors = found
    settings = EvaluateSettings()
    values = run_evaluate(tracked.layout.result, tracked.sources.truth, None, "x", "01", settings, 1).values
    count = {kind: int(np.count_nonzero(errors.kind == kind)) for kind in ErrorKind}
    assert count[ErrorKind.MISSED] == values["AOGM_FN"] > 0
    assert count[ErrorKind.INVENTED] == values["AOGM_FP"] > 0
    assert 0 < count[ErrorKind.WRONG_LINK] <= values["AOGM_ED"]  # the CTC counts links over frames left missing, too
    assert 0 < count[ErrorKind.JOINED] <= values["AOGM_NS"]
    assert count[ErrorKind.MISSING_LINK] <= values["AOGM_EA"]
    assert (np.diff(errors.frame) >= 0).all()


def test_invented_masks_lie_where_the_result_has_them(found):
    labels, _, errors = found
    for row in np.flatnonzero((errors.kind == ErrorKind.INVENTED) | (errors.kind == ErrorKind.JOINED)):
        image = labels.read(int(errors.frame[row]), whole_box(labels.shape))
        middle = np.argwhere(image == errors.track[row]).mean(axis=0) * labels.scale.voxel_um
        np.testing.assert_allclose(errors.at_um[row], middle)


def test_missed_cells_lie_where_the_truth_has_them(found):
    labels, truth, errors = found
    missed = np.flatnonzero(errors.kind == ErrorKind.MISSED)
    assert (errors.track[missed] == 0).all()
    for row in missed:
        with open_mask(truth.tracking[int(errors.frame[row])].path) as mask:
            image = mask.read(whole_box(labels.shape))
        cells = [np.argwhere(image == label).mean(axis=0) for label in np.unique(image[image > 0])]
        at = errors.at_um[row] / labels.scale.voxel_um
        assert min(np.linalg.norm(at - cell) for cell in cells) < 1e-6


def test_the_filled_masks_of_the_table_are_read_alone(tracked):
    table = read_columns(tracked.layout.table, ["t", "origin"])
    assert set(table) == {"t", "origin"}
    assert len(table["t"]) > 0


def test_masks_that_are_not_exported_are_no_errors(tracked, found):
    labels, _, errors = found
    table = read_columns(tracked.layout.table, ["t", "track_id", "in_field"])
    drawn = open_image(tracked.layout.tracked)
    assert table["in_field"].all() == (tracked.config.export.field_of_interest_px == 0)
    for t in range(labels.n_frames):
        here = table["in_field"].astype(bool) & (table["t"] == t)
        whole = labels.read(t)
        assert set(np.unique(whole)) - {0} == set(table["track_id"][here])
        assert np.isin(drawn.read(t)[whole > 0], table["track_id"][here]).all()
        invented = errors.track[(errors.frame == t) & (errors.kind == ErrorKind.INVENTED)]
        assert np.isin(invented, table["track_id"][here]).all()


def test_boxes_of_frames_without_some_labels():
    image = np.array([[[1, 1, 2, 0]], [[1, 1, 2, 3]]], dtype=np.uint32)
    inside = InField(ArrayFrames(list(image), Scale((1.0, 1.0), 1.0)), np.array([1, 0, 1]), np.array([3, 1, 2]))
    assert inside.read(0).tolist() == [[1, 1, 0, 0]]
    assert inside.read(1).tolist() == [[0, 0, 2, 3]]
    assert inside.read(1, Box((0, 1), (1, 3))).tolist() == [[0, 2]]
