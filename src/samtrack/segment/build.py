"""From settings to a segmenter."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from samtrack.config.segment import GivenSettings, Sam2SegmentSettings, SeedsSettings, SegmentSettings
from samtrack.errors import SettingsError
from samtrack.segment.base import Segmenter
from samtrack.segment.given import GivenSegmenter
from samtrack.segment.grid import Grid
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
) -> Segmenter:
    """The segmenter that the settings ask for, for cells of ``diameter_um`` (None: method `given`) at ``scale``.

    ``engine``: for method `sam2`; ``memory_gb``: what one thread of the classical segmenter may take.
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
            seeds = SeedsSegmenter(settings.seeds, Grid.of(scale, diameter), memory_gb)
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
