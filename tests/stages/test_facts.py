"""What is known of a movie before it is read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tifffile

from samtrack.config import build_config
from samtrack.errors import SettingsError
from samtrack.stages.facts import Facts, expected_cells, facts_of
from samtrack.stages.plan import complete


def config_of(**sequence: Any):
    return build_config({"sequences": [{"name": "01", **sequence}], "blocks": {"frames": 5}})


def test_a_recipe_tells_size_and_cells_that_grow() -> None:
    recipe = {"frames": 16, "shape_px": [20, 40, 50], "minutes_per_frame": 60, "cells": {"count": 6, "cycle_hours": 16}}
    config = complete(config_of(simulate=recipe))
    facts = facts_of(config, config.sequences[0])
    assert (facts.frames, facts.shape, facts.itemsize, facts.voxels) == (16, (20, 40, 50), 2, 40000)
    assert facts.diameter_px == 24
    assert facts.cells == pytest.approx(6 / math.log(2))  # the mean of a number that doubles


def test_of_a_folder_only_the_first_file_is_opened(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "t000.tif", np.zeros((3, 40, 50), np.uint16), photometric="minisblack")
    for t in (1, 2):
        (tmp_path / f"t{t:03d}.tif").write_bytes(b"no TIFF")
    config = complete(config_of(images=str(tmp_path)))
    assert facts_of(config, config.sequences[0]).shape == (3, 40, 50)
    assert facts_of(config, config.sequences[0]).frames == 3


@pytest.mark.parametrize(("shape", "one"), [((100, 200), math.pi / 4 * 64), ((10, 100, 200), math.pi / 6 * 512)])
def test_a_tenth_of_the_picture_is_cells(shape: tuple[int, ...], one: float) -> None:
    voxel_um = (2.0, 0.5, 0.5)[-len(shape) :]
    cells, diameter_px = expected_cells(shape, voxel_um, 8.0)
    assert cells * one == pytest.approx(0.1 * math.prod(shape) * math.prod(voxel_um))
    assert diameter_px == 16


def test_without_a_diameter_a_cell_has_20_voxels() -> None:
    assert expected_cells((100, 100), (3.0, 3.0), None)[1] == 20
    assert expected_cells((5, 5), (1.0, 1.0), None)[0] == 1, "never less than one cell"


def test_the_number_of_frames_must_be_known() -> None:
    config = config_of(simulate={"shape_px": [64, 64]})
    with pytest.raises(SettingsError, match="sequence 01: the number of frames is not known"):
        facts_of(config, config.sequences[0])


def test_facts_are_values() -> None:
    assert Facts(1, (2, 3), 1, 4.0, 5.0) == Facts(1, (2, 3), 1, 4.0, 5.0)
