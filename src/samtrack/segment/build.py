"""From settings to a segmenter."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from samtrack.config.seed_files import SeedFileSettings
from samtrack.config.segment import GivenSettings, Sam2SegmentSettings, SeedsSettings, SegmentSettings
from samtrack.errors import SettingsError
from samtrack.segment.base import Segmenter
from samtrack.segment.given import GivenSegmenter
from samtrack.segment.grid import Grid
from samtrack.segment.points import PointsSegmenter
from samtrack.segment.sam2 import Sam2Segmenter
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.types import Scale

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Sam2Engine


def build_segmenter(
    settings: SegmentSettings,
    diameter_um: float | None,
    scale: Scale,
    engine: Sam2Engine | None = None,
    memory_gb: float | None = None,
    points_um: Callable[[int], npt.NDArray[np.float64]] | None = None,
) -> Segmenter:
    """The segmenter that the settings ask for, for cells of ``diameter_um`` (None: method `given`) at ``scale``.

    ``engine``: for method `sam2`; ``memory_gb``: what the classical segmenter below it may take; ``points_um``: the user's
    points of a frame, where the settings ask for them.
    """
    match settings:
        case GivenSettings():
            return GivenSegmenter()
        case SeedsSettings():
            return SeedsSegmenter(settings, Grid.of(scale, _require_diameter(diameter_um)))
        case Sam2SegmentSettings():
            require_2d(scale)
            if engine is None:
                raise ValueError("segment.method sam2 needs an engine")
            diameter = _require_diameter(diameter_um)
            seeds: Segmenter
            if isinstance(settings.seeds, SeedFileSettings):
                if points_um is None:
                    raise ValueError("segment.seeds.method file needs points")
                seeds = PointsSegmenter(points_um, diameter)
            else:
                seeds = SeedsSegmenter(settings.seeds, Grid.of(scale, diameter))
            along_y, along_x = (diameter / um for um in scale.um_per_voxel)
            return Sam2Segmenter(settings, seeds, engine, (along_y, along_x), memory_gb)


def require_2d(scale: Scale) -> None:
    """Raise for 3D movies, which method sam2 does not segment."""
    if scale.ndim != 2:
        raise SettingsError(
            f"segment.method is 'sam2', which draws masks in 2D movies only, but this movie has {scale.ndim} axes. "
            "Choose segment.method: seeds, or give masks."
        )


def _require_diameter(diameter_um: float | None) -> float:
    if diameter_um is None or not (math.isfinite(diameter_um) and diameter_um > 0):
        raise SettingsError(
            f"The diameter of a cell is {diameter_um}, expected a positive number of micrometres. "
            "Set movie.cell_diameter_um, or leave it out to have it measured."
        )
    return diameter_um
