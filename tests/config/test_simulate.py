"""The recipe of a simulated movie: defaults of its kind, and what cannot be."""

import pytest

from samtrack.config import build_config
from samtrack.config.simulate import KIND_DEFAULTS, SimulateSettings
from samtrack.errors import SettingsError


@pytest.mark.parametrize("kind", KIND_DEFAULTS)
def test_a_kind_brings_its_defaults_and_the_user_wins(kind: str) -> None:
    plain = SimulateSettings(kind=kind)
    for section, defaults in KIND_DEFAULTS[kind].items():
        for key, value in defaults.items():
            assert getattr(getattr(plain, section), key) == value
    changed = SimulateSettings(kind=kind, cells={"count": 3})
    assert changed.cells.count == 3
    assert changed.cells.model_dump(exclude={"count"}) == plain.cells.model_dump(exclude={"count"})


@pytest.mark.parametrize("kind", KIND_DEFAULTS)
def test_written_and_read_again_it_is_the_same(kind: str) -> None:
    settings = SimulateSettings(kind=kind, cells={"count": 3})
    assert SimulateSettings.model_validate(settings.model_dump()) == settings


@pytest.mark.parametrize(("shape", "voxel"), [((64, 64), (0.5, 0.5)), ((8, 64, 64), (1.5, 0.5, 0.5))])
def test_the_scale_has_the_axes_of_the_picture(shape: tuple[int, ...], voxel: tuple[float, ...]) -> None:
    settings = SimulateSettings(shape_px=shape, cells={"count": 2})
    assert settings.scale.um_per_voxel == voxel
    assert settings.scale.minutes_per_frame == settings.minutes_per_frame


@pytest.mark.parametrize(
    ("recipe", "told"),
    [
        ({"um_per_voxel": [1, 1, 1]}, "um_per_voxel has 3 values and shape_px has 2"),
        ({"kind": "dic", "shape_px": [8, 64, 64]}, "kind 'dic' is 2D only"),
        ({"cells": {"diameter_um": 0.6}}, "diameter_um is 0.6"),
        ({"cells": {"count": 5000}}, "5000 cells"),
        ({"imaging": {"dtype": "uint8"}}, "uint8 ends at 255"),
        ({"cells": {"cuont": 3}}, "cells.cuont: unknown key. Did you mean 'count'?"),
    ],
)
def test_what_cannot_be_is_refused_with_its_numbers(recipe: dict, told: str) -> None:
    with pytest.raises(SettingsError) as caught:
        build_config({"sequences": [{"name": "01", "simulate": recipe}]})
    assert told in str(caught.value)
