"""What is known of a movie before it is read: its size, and how many cells to expect."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from samtrack.config import Config, SequenceSettings
from samtrack.config.ingest import IngestSettings
from samtrack.config.layout import sources_of
from samtrack.config.movie import MovieSettings
from samtrack.config.rates import CELL_PX, CELL_SHARE
from samtrack.config.simulate import SimulateSettings
from samtrack.errors import SettingsError


@dataclass(frozen=True, slots=True)
class Facts:
    """A movie, as far as its cost depends on it."""

    frames: int
    shape: tuple[int, ...]
    """Voxels of one frame, (z,) y, x."""
    itemsize: int
    """Bytes of a voxel."""
    cells: float
    """Cells to expect in a frame."""
    diameter_px: float
    """Diameter of a cell, in voxels along y and x."""

    @property
    def voxels(self) -> int:
        """Voxels of one frame."""
        return math.prod(self.shape)


def facts_of(config: Config, sequence: SequenceSettings) -> Facts:
    """The facts of a sequence whose number of frames is known: from its recipe, else from its first file.

    A function of the configuration and the user's files alone, so that every process gets the same.
    """
    if sequence.frames is None:
        raise SettingsError(f"sequence {sequence.name}: the number of frames is not known; set frames.")
    if sequence.simulate is not None:
        return _simulated(sequence.simulate)
    shape, itemsize, voxel_um = _opened(sources_of(config, sequence).images, config.ingest, config.movie)
    cells, diameter_px = expected_cells(shape, voxel_um, config.movie.cell_diameter_um)
    return Facts(sequence.frames, shape, itemsize, cells, diameter_px)


def expected_cells(
    shape: tuple[int, ...], voxel_um: tuple[float, ...], diameter_um: float | None
) -> tuple[float, float]:
    """Cells of a frame that is filled as usual, and the diameter of a cell in voxels."""
    diameter_um = CELL_PX * voxel_um[-1] if diameter_um is None else diameter_um
    one = math.pi / 4 * diameter_um**2 if len(shape) == 2 else math.pi / 6 * diameter_um**3
    cells = CELL_SHARE * math.prod(shape) * math.prod(voxel_um) / one
    return max(1.0, cells), diameter_um / voxel_um[-1]


def _simulated(recipe: SimulateSettings) -> Facts:
    """The facts of a recipe; cells are those of the first frame and what they grow to, on average."""
    growth = 1.0
    if recipe.cells.cycle_hours is not None:
        cycles = recipe.frames * recipe.minutes_per_frame / 60 / recipe.cells.cycle_hours
        growth = (2**cycles - 1) / (cycles * math.log(2))
    itemsize = 1 if recipe.imaging.dtype == "uint8" else 2
    diameter_px = recipe.cells.diameter_um / recipe.scale.um_per_voxel[-1]
    return Facts(recipe.frames, tuple(recipe.shape_px), itemsize, recipe.n_cells * growth, diameter_px)


@lru_cache(maxsize=1000)
def _opened(
    images: Path, ingest: IngestSettings, movie: MovieSettings
) -> tuple[tuple[int, ...], int, tuple[float, ...]]:
    """Shape of a frame, bytes of a voxel as stored, and its sizes: of a folder the first file is opened."""
    from samtrack.io.sources import open_source  # these open TIFF and Zarr libraries: only where it is needed
    from samtrack.io.voxels import stored_dtype

    source = open_source(images, ingest)
    found = tuple(source.found_scale.um.get(axis, 0.0) for axis in "zyx"[-len(source.shape) :])
    voxel_um = movie.um_per_voxel or (found if all(found) else (1.0,) * len(source.shape))
    return source.shape, stored_dtype(source.dtype, str(images)).itemsize, voxel_um
