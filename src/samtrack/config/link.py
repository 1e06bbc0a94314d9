"""Section ``link``: which pairs of detections may be the same cell, and how likely each is."""

from __future__ import annotations

from pydantic import Field

from samtrack.config.section import Section


class LinkSettings(Section):
    """Candidates and their probabilities. Lengths are given in typical cell radii, so that one set serves all movies."""

    max_gap_frames: int = Field(
        2,
        ge=0,
        le=10,
        description="Frames in a row in which a cell may be missing. 2: in the tested movies nearly all misses last "
        "one or two frames, and each frame more makes wrong links likelier.",
    )
    candidates: int = Field(
        5, ge=1, le=20, description="Nearest candidates per cell and frame pair; a cell has about 6 neighbours."
    )
    gate_radii: float = Field(
        3.0,
        gt=0,
        description="Farthest candidate, in typical cell radii (the distance between nearest neighbours, if larger); "
        "measured after the common motion of the neighbourhood is taken away.",
    )
    long_gap_frames: int = Field(
        2,
        ge=0,
        le=10,
        description="Frames by which the second look may reach beyond max_gap_frames, where a track ends and another "
        "begins. 2: evidence over several frames carries farther than that of two; longer gaps are guesses.",
    )
    gap_if_below: float = Field(
        0.95,
        ge=0,
        le=1,
        description="Links over a gap are proposed only between cells whose best link to the frame beside them is less "
        "probable than this.",
    )
    min_probability: float = Field(
        0.01, ge=0, lt=1, description="Less probable links are not even written: they cannot win."
    )
    model: str | None = Field(
        None,
        description="What turns facts into probabilities: a JSON file of `samtrack train links`, for movies whose cells "
        "behave unlike those that the shipped model was fitted to. null: the shipped model. A relative path counts from "
        "the folder in which the run is started.",
    )
    merges: bool = Field(
        True,
        description="Whether one mask may be proposed to hold two cells for a frame (needs max_gap_frames of 1 or more). "
        "true: of touching cells, segmentations give about 1 in 100 a common mask.",
    )
