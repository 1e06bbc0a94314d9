"""From settings to an engine: sizes are those that are set, else those that the weights ask for, else the usual ones."""

import json
from pathlib import Path

import pytest

from samtrack.config.sam2 import Sam2Settings
from samtrack.errors import WeightsError
from samtrack.stages.engine import open_engine, read_card, sizes

SET = {"cell_px": 40.0, "window_px": 128, "tile_px": 96}
TRAINED = {"cell_px": 30, "window_px": 96, "tile_px": 256}


def test_what_is_set_comes_before_what_was_trained_and_that_before_what_is_usual():
    assert sizes(Sam2Settings(**SET), TRAINED, 1024) == (40.0, 128, 96)
    assert sizes(Sam2Settings(), TRAINED, 1024) == (30.0, 96, 256)
    assert sizes(Sam2Settings(), {}, 1024) == (64.0, 256, 1024)
    assert sizes(Sam2Settings(), {}, 128) == (64.0, 128, 128), "no larger than the pictures it was made for"


def test_with_more_detail_cells_and_windows_are_larger_by_whole_tokens():
    assert sizes(Sam2Settings(), TRAINED, 1024, detail=1.5) == (45.0, 144, 256)
    assert sizes(Sam2Settings(), TRAINED, 1024, detail=0.1)[1] == 16, "a window has a token"
    assert sizes(Sam2Settings(), TRAINED, 128, detail=3.0) == (90.0, 128, 256), "no larger than the network's pictures"


def test_an_engine_of_a_folder(sam2_folder: Path):
    import torch

    engine, told = open_engine(Sam2Settings(weights=str(sam2_folder), device="cpu", memory_gb=0.5), workers=1)
    assert torch.get_num_threads() == 1
    assert told == f"{sam2_folder} runs on cpu, as asked"
    habits = engine.network.habits
    assert (habits.mask_prompt, habits.pointers) == (True, False)
    assert (engine.use.cell_px, engine.use.window_px, engine.use.tile_px) == (24.0, 64, 64)
    assert engine.use.memory_gb == 0.5
    assert engine.use.dtype == torch.float32


def test_a_card_that_is_none_is_told(sam2_folder: Path):
    plain = json.loads((sam2_folder / "config.json").read_text())
    assert read_card(plain, "here")["cell_px"] == 24
    assert read_card({}, "here") == {}
    with pytest.raises(WeightsError, match=r"here: its configuration holds 'samtrack': 3, expected an object"):
        read_card({"samtrack": 3}, "here")
