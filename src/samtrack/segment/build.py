"""From settings to a segmenter."""

from __future__ import annotations

import math

from samtrack.config.segment import GivenSettings, SeedsSettings
from samtrack.errors import SettingsError
from samtrack.segment.base import Segmenter
from samtrack.segment.given import GivenSegmenter
from samtrack.segment.grid import Grid
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.types import Scale


def build_segmenter(settings: GivenSettings | SeedsSettings, diameter_um: float | None, scale: Scale) -> Segmenter:
    """The segmenter that the settings ask for, for cells of ``diameter_um`` (None: method `given`) at ``scale``."""
    match settings:
        case GivenSettings():
            return GivenSegmenter()
        case SeedsSettings():
            if diameter_um is None or not (math.isfinite(diameter_um) and diameter_um > 0):
                raise SettingsError(
                    f"The diameter of a cell is {diameter_um}, expected a positive number of micrometres. "
                    "Set movie.cell_diameter_um, or leave it out to have it measured."
                )
            return SeedsSegmenter(settings, Grid.of(scale, diameter_um))
