"""The engine of the settings: the weights named, and the size of cells that they say."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file
from scipy import ndimage

from samtrack.config.sammed3d import SamMed3DSettings
from samtrack.config.seed_files import SeedFileSettings
from samtrack.config.segment import Prompts3dSettings
from samtrack.config.simulate import SimulateSettings
from samtrack.errors import WeightsError
from samtrack.evaluate import match_frame
from samtrack.models.sammed3d.build import config_of, random_model, state_of
from samtrack.models.sammed3d.sizes import Sizes
from samtrack.segment import build_segmenter, segment_frame
from samtrack.simulate.degrade import degrade_frame
from samtrack.simulate.lineage import simulate_lineage
from samtrack.simulate.render import render_frame
from samtrack.stages.engine3d import CELL_SHARE, open_engine3d
from samtrack.testing.networks import SMALL_SAMMED3D
from samtrack.types import ArrayFrames


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Weights that say nothing of cells."""
    sizes = Sizes(**SMALL_SAMMED3D)
    save_file(state_of(random_model(sizes)), tmp_path / "model.safetensors")
    (tmp_path / "config.json").write_text(json.dumps(config_of(sizes)))
    return tmp_path


def test_cells_are_as_large_as_set_else_as_the_card_says_else_half_a_tile(folder: Path) -> None:
    settings = SamMed3DSettings(weights=str(folder), device="cpu")
    engine, line = open_engine3d(settings)
    assert (engine.side, engine.logits_px, engine.use.cell_px) == (32, 32, CELL_SHARE * 32)
    assert str(folder) in line
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"samtrack": {"cell_px": 13}}))
    assert open_engine3d(settings)[0].use.cell_px == 13
    assert open_engine3d(settings.model_copy(update={"cell_px": 9.0}))[0].use.cell_px == 9


def test_weights_of_another_kind_are_refused(folder: Path) -> None:
    (folder / "config.json").write_text(json.dumps({"model_type": "sam2_video"}))
    with pytest.raises(WeightsError, match=r"Networks of the SAM 2 family belong into sam2\.weights"):
        open_engine3d(SamMed3DSettings(weights=str(folder), device="cpu"))


def test_the_network_that_ships_draws_nuclei_from_a_point_in_each() -> None:
    """Mean IoU above .8: `python benchmarks/bench_volumes.py --only simulated` has more volumes."""
    recipe = SimulateSettings(kind="nuclei", seed=9000, frames=1, shape_px=(24, 80, 80))
    cells = simulate_lineage(recipe).frames[0]
    truth, light = render_frame(recipe, cells, 0)
    images = ArrayFrames([degrade_frame(recipe, light, cells.origin_um, 0)], recipe.scale)
    centres = ndimage.center_of_mass(truth > 0, truth, np.unique(truth)[1:])
    points_um = np.array(centres) * np.array(recipe.scale.um_per_voxel)
    engine, _ = open_engine3d(SamMed3DSettings(device="cpu"))
    settings = Prompts3dSettings(seeds=SeedFileSettings())
    diameter = recipe.cells.diameter_um
    segmenter = build_segmenter(settings, diameter, recipe.scale, engine3d=engine, points_um=lambda _: points_um)
    match = match_frame(truth, segment_frame(segmenter, images, 0))
    assert len(match.truth) > 8
    assert match.iou.sum() / len(match.truth) > 0.8
