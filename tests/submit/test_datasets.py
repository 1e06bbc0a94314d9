"""The table of the challenge's datasets agrees with the presets, and names are built as the organisers ask."""

from __future__ import annotations

import pytest

from samtrack.config.load import preset_names, read_preset
from samtrack.submit import DATASETS, TRAININGS, result_folder, script_name


def test_every_preset_is_in_the_table():
    assert set(preset_names()) <= set(DATASETS)


@pytest.mark.parametrize("name", preset_names())
def test_presets_agree_with_the_table(name):
    preset, facts = read_preset(name), DATASETS[name]
    assert preset["export"]["field_of_interest_px"] == facts.rim_px
    um = preset["movie"]["um_per_voxel"]
    assert um is None or len(um) == facts.axes
    assert facts.axes == (3 if "3D" in name else 2)


def test_datasets_of_which_first_lineages_are_scored():
    assert {name for name, facts in DATASETS.items() if facts.first_frame} == {
        *("Fluo-N3DL-DRO", "Fluo-N3DL-TRIC", "Fluo-N3DL-TRIF")
    }
    assert {name for name, facts in DATASETS.items() if facts.digits == 4} == {"BF-C2DL-HSC", "BF-C2DL-MuSC"}


def test_names_of_scripts_and_results():
    assert (script_name("PhC-C2DL-PSC", "02"), result_folder("02")) == ("PhC-C2DL-PSC-02.sh", "02_RES")
    assert script_name("BF-C2DL-HSC", "01", "allGT") == "BF-C2DL-HSC-01-allGT.sh"
    assert result_folder("01", "allGT+allST") == "01_RES-allGT+allST"
    assert len(TRAININGS) == 6
