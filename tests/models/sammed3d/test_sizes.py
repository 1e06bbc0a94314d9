"""Sizes told from a configuration and from shapes."""

from dataclasses import replace

import pytest
import torch

from samtrack.errors import WeightsError
from samtrack.models.sammed3d.build import config_of
from samtrack.models.sammed3d.network import SamMed3D
from samtrack.models.sammed3d.sizes import Sizes


@pytest.mark.parametrize(
    "sizes", [Sizes(), Sizes(image_px=64, patch_px=8, width=48, heads=4, windows=(14, 0), channels=48)]
)
def test_shapes_tell_the_sizes(sizes):
    with torch.device("meta"):
        state = SamMed3D(sizes).state_dict()
    assert Sizes.of_state(state) == sizes
    assert Sizes.of_config(config_of(sizes)) == sizes


def test_what_does_not_fit():
    with pytest.raises(WeightsError, match="image_px must be a multiple of patch_px"):
        replace(Sizes(), image_px=100)
    with pytest.raises(WeightsError, match="a place has three axes"):
        replace(Sizes(), channels=64)


def test_published_sizes():
    assert (Sizes().grid, Sizes().logits_px) == (8, 32)
