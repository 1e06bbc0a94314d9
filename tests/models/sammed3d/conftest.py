"""A network small enough for tests, with windows larger than its grid as in the published one."""

import pytest

from samtrack.models.sammed3d.build import random_model
from samtrack.models.sammed3d.network import SamMed3D
from samtrack.models.sammed3d.sizes import Sizes

SMALL = Sizes(
    image_px=16,
    patch_px=4,
    width=24,
    heads=2,
    windows=(7, 0, 3),
    channels=48,
    mask_channels=8,
    decoder_heads=4,
    decoder_mlp=32,
    iou_width=16,
)


@pytest.fixture(scope="session")
def small() -> SamMed3D:
    return random_model(SMALL, seed=3)
