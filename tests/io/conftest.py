"""Small movies on disk."""

import os
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.config.ingest import IngestSettings
from samtrack.config.movie import MovieSettings

UNKNOWN_SCALE = MovieSettings(um_per_voxel=None, minutes_per_frame=None, cell_diameter_um=None)


def settings(**changes) -> IngestSettings:
    return IngestSettings(**changes)


def volume(t: int, shape: tuple[int, ...] = (5, 33, 47), dtype: str = "uint16") -> np.ndarray:
    """Voxels that differ from frame to frame and from plane to plane."""
    rng = np.random.default_rng(t)
    return rng.integers(0, 200, shape).astype(dtype)


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
