"""From settings to a segmenter."""

from __future__ import annotations

from samtrack.config.segment import GivenSettings, SeedsSettings
from samtrack.segment.base import Segmenter
from samtrack.segment.given import GivenSegmenter
from samtrack.segment.grid import Grid
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.types import Scale


def build_segmenter(settings: GivenSettings | SeedsSettings, diameter_um: float, scale: Scale) -> Segmenter:
    """The segmenter that the settings ask for, for cells of ``diameter_um`` at ``scale``."""
    match settings:
        case GivenSettings():
            return GivenSegmenter()
        case SeedsSettings():
            return SeedsSegmenter(settings, Grid.of(scale, diameter_um))
