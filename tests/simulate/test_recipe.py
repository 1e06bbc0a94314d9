import pytest
from pydantic import ValidationError

from samtrack.config.simulate import KIND_DEFAULTS, SimulateSettings


def test_a_kind_brings_its_defaults_and_the_user_wins() -> None:
    assert SimulateSettings().cells.diameter_um == 12
    settings = SimulateSettings(kind="dic", cells={"count": 3})
    assert settings.cells.count == 3
    assert settings.cells.diameter_um == KIND_DEFAULTS["dic"]["cells"]["diameter_um"] == 30
    assert settings.imaging.dtype == "uint8"


@pytest.mark.parametrize("kind", ["nuclei", "phase", "dic"])
def test_a_recipe_survives_being_written_and_read(kind: str) -> None:
    settings = SimulateSettings(kind=kind, seed=4, cells={"count": 5})
    assert SimulateSettings.model_validate_json(settings.model_dump_json()) == settings


def test_every_default_of_a_kind_is_a_field() -> None:
    for kind, sections in KIND_DEFAULTS.items():
        for section, defaults in sections.items():
            model = type(getattr(SimulateSettings(kind=kind), section))
            assert set(defaults) <= set(model.model_fields)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kind": "dic", "shape_px": (8, 64, 64)}, "kind 'dic' is 2D only"),
        ({"um_per_voxel": (1.0, 1.0, 1.0)}, "um_per_voxel has 3 values and shape_px has 2"),
        ({"cells": {"count": 500}}, "500 cells of 12.0 µm fill 345% of the picture"),
        (
            {"um_per_voxel": (8.0, 8.0), "cells": {"count": 1}},
            "cells.diameter_um is 12.0 but a voxel measures up to 8.0",
        ),
        ({"imaging": {"dtype": "uint8", "level_grey": 200.0}}, "is 300, but uint8 ends at 255"),
        ({"imaging": {"gain": 1}}, "Extra inputs"),
    ],
)
def test_what_cannot_be_is_refused_with_its_values(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        SimulateSettings.model_validate(wrong)


def test_without_a_count_the_density_says_how_many() -> None:
    assert SimulateSettings(cells={"density": 0.3}).n_cells == int(0.3 * 128**2 / (3.14159 * 36))
    assert SimulateSettings(shape_px=(8, 8)).n_cells == 1
    assert SimulateSettings(cells={"density": 0.0}).n_cells == 0
    assert SimulateSettings(cells={"density": 0.3, "count": 4}).n_cells == 4


def test_the_usual_voxel_is_longer_along_z() -> None:
    assert SimulateSettings(shape_px=(8, 64, 64), cells={"count": 3}).scale.um_per_voxel == (1.5, 0.5, 0.5)
    assert SimulateSettings().scale.um_per_voxel == (0.5, 0.5)
