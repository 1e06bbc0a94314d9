"""Pure geometry of the work: how a movie is cut along time and space, and who owns what.

Knows no file and no cell. Everything here is a pure function of its arguments, so every process computes the same plan.
"""

from samtrack.blocks.canvas import ByLayer, Canvas, Reader, assembled
from samtrack.blocks.ownership import frames_read_by
from samtrack.blocks.plan import blocks_covering, plan_blocks
from samtrack.blocks.relabel import relabelled
from samtrack.blocks.slabs import is_small, layer_planes, plan_boxes, plan_slabs, whole_box
from samtrack.blocks.tiles import Tile, plan_tiles

__all__ = [
    "ByLayer",
    "Canvas",
    "Reader",
    "Tile",
    "assembled",
    "blocks_covering",
    "frames_read_by",
    "is_small",
    "layer_planes",
    "plan_blocks",
    "plan_boxes",
    "plan_slabs",
    "plan_tiles",
    "relabelled",
    "whole_box",
]
