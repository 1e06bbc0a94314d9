"""Section ``export``: what is written for people and for the Cell Tracking Challenge."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from samtrack.config.section import Section


class ExportSettings(Section):
    """Which results are written, and the CTC's own conventions."""

    ctc: bool = Field(True, description="Write mask*.tif and res_track.txt. false: only OME-Zarr, CSV and Parquet.")
    digits: Literal["auto", 3, 4] = Field(
        "auto", description="Digits of the frame number in mask*.tif. auto: 3, or 4 above 1000 frames (the CTC's rule)."
    )
    field_of_interest_px: int = Field(
        0,
        ge=0,
        description="Rim of the image along y and x in pixels, the CTC's E: objects that lie wholly inside it are not "
        "written, since the CTC does not score them. 0: all objects are written.",
    )
