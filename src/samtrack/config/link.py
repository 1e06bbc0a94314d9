"""Section ``link``: which pairs of detections may be the same cell, and how likely each is."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

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
    sam2: Literal["auto", "off", "on"] = Field(
        "off",
        description="Whether the SAM 2 network of the section sam2 is asked where each cell goes and where it came from, "
        "beside the motion of its neighbourhood. auto: where there are images that are not the masks themselves. off: what "
        "the network that ships says lowers the error on held-out movies for shared masks only, and costs minutes on a CPU.",
    )
    propagate_frames: int = Field(
        1,
        ge=1,
        le=11,
        description="Farthest frame into which the network carries each cell, forward and backward; max_gap_frames + 1 at "
        "most. 1: the next and the last frame; every frame more costs as much again and speaks for links over gaps only.",
    )
    propagate_planes: Literal["largest", "three", "orthogonal"] = Field(
        "largest",
        description="Planes of a 3D cell that the network looks at. largest: the z plane with most of its voxels. three: "
        "also those half-way to its top and its bottom. orthogonal: its largest plane across each axis.",
    )

    @field_validator("sam2", mode="before")
    @classmethod
    def _plain_yaml(cls, value: object) -> object:
        """YAML takes an unquoted on or off for true and false."""
        return {True: "on", False: "off"}[value] if isinstance(value, bool) else value

    @model_validator(mode="after")
    def _within_reach(self) -> Self:
        if self.propagate_frames > self.max_gap_frames + 1:
            raise ValueError(
                f"propagate_frames is {self.propagate_frames}, but with max_gap_frames {self.max_gap_frames} no link "
                f"reaches farther than {self.max_gap_frames + 1} frames; lower it, or raise max_gap_frames"
            )
        return self
