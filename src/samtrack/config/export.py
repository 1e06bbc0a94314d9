"""Section ``export``: what is written for people and for the Cell Tracking Challenge."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from samtrack.config.section import Section

ExportFile = Literal["geff", "trackmate"]
"""A file of the tracks for other programs, beside those that every run writes."""


class ExportSettings(Section):
    """Which results are written, and the CTC's own conventions."""

    ctc: bool = Field(True, description="Write mask*.tif and res_track.txt. false: only OME-Zarr, CSV and Parquet.")
    files: tuple[ExportFile, ...] = Field(
        ("geff",),
        description="Which files of the tracks are written for other programs, beside OME-Zarr, CSV and Parquet. geff: "
        "a GEFF graph (Mastodon, motile, funtracks, traccuracy), about 50 bytes for each cell and frame. trackmate: XML "
        "for TrackMate in Fiji, not written unless asked for, since it takes nine times as much. []: none.",
    )
    digits: Literal["auto", 3, 4] = Field(
        "auto", description="Digits of the frame number in mask*.tif. auto: 3, or 4 above 1000 frames (the CTC's rule)."
    )
    field_of_interest_px: int = Field(
        0,
        ge=0,
        description="Rim of the image along y and x in pixels, the CTC's E: objects that lie wholly inside it are not "
        "written, since the CTC does not score them. 0: all objects are written.",
    )

    @field_validator("files")
    @classmethod
    def _each_once(cls, files: tuple[ExportFile, ...]) -> tuple[ExportFile, ...]:
        if len({*files}) < len(files):
            raise ValueError(f"names a file twice: {', '.join(files)}")
        return files
