"""Pictures come back as they were."""

import numpy as np
import pytest
from PIL import Image

from samtrack.io.pictures import write_png


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_a_picture_comes_back(tmp_path, shape):
    picture = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    write_png(tmp_path / "a.png", picture)
    back = np.asarray(Image.open(tmp_path / "a.png"))
    assert back.shape == shape
    assert (back == picture).all()
