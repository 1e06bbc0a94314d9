"""Small movies on disk."""

import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
import tifffile


@pytest.fixture
def write_movie(tmp_path) -> Callable[..., Path]:
    """Write frames as a folder of TIFF files."""

    def write(frames, name="images", pattern="t{:03d}.tif", first=0, **options) -> Path:
        folder = tmp_path / name
        folder.mkdir(exist_ok=True)
        for i, frame in enumerate(frames):
            tifffile.imwrite(folder / pattern.format(first + i), frame, photometric="minisblack", **options)
        return folder

    return write


@pytest.fixture
def not_root():
    """A context in which permissions count, also where the tests run as root."""

    @contextmanager
    def demoted():
        if os.geteuid() != 0:
            yield
            return
        os.seteuid(65534)  # nobody
        try:
            yield
        finally:
            os.seteuid(0)

    return demoted
