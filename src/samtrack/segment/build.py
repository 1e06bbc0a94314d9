"""From settings to a segmenter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from samtrack.config.seed_files import SeedFileSettings
from samtrack.config.segment import (
    GivenSettings,
    Prompts3dSettings,
    Sam2SegmentSettings,
    SeedsSettings,
    SegmentSettings,
)
from samtrack.errors import SettingsError
from samtrack.segment.base import Segmenter
from samtrack.segment.given import GivenSegmenter
from samtrack.segment.grid import Grid
from samtrack.segment.points import PointsSegmenter
from samtrack.segment.prompts3d import PointsUm, Prompts3dSegmenter
from samtrack.segment.sam2 import Sam2Segmenter
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.types import Scale

if TYPE_CHECKING:
    from samtrack.models.sam2.adapter import Sam2Engine
    from samtrack.models.sammed3d.engine import SamMed3DEngine


def build_segmenter(
    settings: SegmentSettings,
    diameter_um: float | None,
    scale: Scale,
    engine: Sam2Engine | None = None,
    memory_gb: float | None = None,
    points_um: PointsUm | None = None,
    engine3d: SamMed3DEngine | None = None,
) -> Segmenter:
    """The segmenter that the settings ask for, for cells of ``diameter_um`` (None: method `given`) at ``scale``.

    ``engine``: for method `sam2`, ``engine3d``: for `prompts3d`; ``memory_gb``: what one thread of the classical segmenter
    may take, alone or below them; ``points_um``: the user's points of a frame, where the settings ask for them.
    """
    match settings:
        case GivenSettings():
            return GivenSegmenter()
        case SeedsSettings():
            return SeedsSegmenter(settings, Grid.of(scale, _require_diameter(diameter_um)), memory_gb)
        case Sam2SegmentSettings():
            require_2d(scale)
            if engine is None:
                raise ValueError("segment.method sam2 needs an engine")
            diameter = _require_diameter(diameter_um)
            seeds: Segmenter
            if isinstance(settings.seeds, SeedFileSettings):
                seeds = PointsSegmenter(_require_points(points_um), diameter)
            else:
                seeds = SeedsSegmenter(settings.seeds, Grid.of(scale, diameter), memory_gb)
            along_y, along_x = (diameter / um for um in scale.um_per_voxel)
            return Sam2Segmenter(settings, seeds, engine, (along_y, along_x), memory_gb)
        case Prompts3dSettings():
            require_3d(scale)
            if engine3d is None:
                raise ValueError("segment.method prompts3d needs an engine")
            diameter = _require_diameter(diameter_um)
            where: SeedsSegmenter | PointsUm
            if isinstance(settings.seeds, SeedFileSettings):
                where = _require_points(points_um)
            else:
                where = SeedsSegmenter(settings.seeds, Grid.of(scale, diameter), memory_gb)
            return Prompts3dSegmenter(settings, where, engine3d, scale, diameter, memory_gb)


def require_2d(scale: Scale) -> None:
    """Raise for 3D movies, which method sam2 does not segment."""
    if scale.ndim != 2:
        raise SettingsError(
            f"segment.method is 'sam2', which draws masks in 2D movies only, but this movie has {scale.ndim} axes. "
            "Choose segment.method: prompts3d, which does so in 3D, or seeds, or give masks."
        )


def require_3d(scale: Scale) -> None:
    """Raise for 2D movies, which method prompts3d does not segment."""
    if scale.ndim != 3:
        raise SettingsError(
            f"segment.method is 'prompts3d', which draws masks in 3D movies only, but this movie has {scale.ndim} axes. "
            "Choose segment.method: sam2, which does so in 2D, or seeds, or give masks."
        )


def _require_points(points_um: PointsUm | None) -> PointsUm:
    if points_um is None:
        raise ValueError("segment.seeds.method file needs points")
    return points_um


def _require_diameter(diameter_um: float | None) -> float:
    if diameter_um is None or not (math.isfinite(diameter_um) and diameter_um > 0):
        raise SettingsError(
            f"The diameter of a cell is {diameter_um}, expected a positive number of micrometres. "
            "Set movie.cell_diameter_um, or leave it out to have it measured."
        )
    return diameter_um
