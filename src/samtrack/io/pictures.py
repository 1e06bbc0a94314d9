"""Pictures that are written as files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image

from samtrack.io.atomic import written_file


def write_png(path: Path, picture: npt.NDArray[np.uint8]) -> None:
    """Write a grey (h, w) or RGB (h, w, 3) picture."""
    with written_file(path) as part:
        Image.fromarray(picture).save(part, "PNG", optimize=True)
