"""Where the cells of a frame are: images in, labels out, one frame at a time, nothing remembered between frames."""

from samtrack.segment.base import Segmenter, Tiling
from samtrack.segment.build import build_segmenter, require_2d, require_3d
from samtrack.segment.diameter import measure_diameter
from samtrack.segment.keep import Objects, kept, survey, without
from samtrack.segment.tiles import paint_frame, segment_frame

__all__ = [
    "Objects",
    "Segmenter",
    "Tiling",
    "build_segmenter",
    "kept",
    "measure_diameter",
    "paint_frame",
    "require_2d",
    "require_3d",
    "segment_frame",
    "survey",
    "without",
]
