"""The engine of the settings: the weights named, and the size of cells that they say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from safetensors.torch import save_file

from samtrack.config.sammed3d import SamMed3DSettings
from samtrack.errors import WeightsError
from samtrack.models.sammed3d.build import config_of, random_model, state_of
from samtrack.models.sammed3d.sizes import Sizes
from samtrack.stages.engine3d import CELL_SHARE, open_engine3d
from samtrack.testing.networks import SMALL_SAMMED3D


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
