"""What flows between the rooms: frozen values, columnar tables, and their invariants.

Knows no file, no configuration and no network. A type enters here when two rooms pass it to each other.
Axis order everywhere is t, z, y, x; 2D data keep their two axes. ``stop`` is never included, ``last_frame`` always is.
"""

from samtrack.types.corrections import Action, Cell, Edit, Pin, PinAction, Place
from samtrack.types.evidence import Evidence
from samtrack.types.frames import ArrayFrames, Frames
from samtrack.types.geometry import Block, Box, Scale, Span
from samtrack.types.graph import Column, Filmed, TrackGraph
from samtrack.types.patches import MaskPatch, Origin
from samtrack.types.points import Points
from samtrack.types.report import ErrorKind, Errors, Reliability, Scores, Violation
from samtrack.types.tables import MERGE_ROLES, Detections, Divisions, Edges, Links, Merges, Tracks, Typical

__all__ = [
    "MERGE_ROLES",
    "Action",
    "ArrayFrames",
    "Block",
    "Box",
    "Cell",
    "Column",
    "Detections",
    "Divisions",
    "Edges",
    "Edit",
    "ErrorKind",
    "Errors",
    "Evidence",
    "Filmed",
    "Frames",
    "Links",
    "MaskPatch",
    "Merges",
    "Origin",
    "Pin",
    "PinAction",
    "Place",
    "Points",
    "Reliability",
    "Scale",
    "Scores",
    "Span",
    "TrackGraph",
    "Tracks",
    "Typical",
    "Violation",
]
