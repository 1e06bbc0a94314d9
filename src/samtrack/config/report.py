"""Section ``report``: the page that shows a result."""

from __future__ import annotations

from pydantic import Field

from samtrack.config.section import Section


class ReportSettings(Section):
    """What the page shows."""

    frames_shown: int = Field(
        60,
        ge=1,
        le=2000,
        description="Frames that the page plays, evenly spread over the movie; fewer where they would exceed megabytes.",
    )
    megabytes: float = Field(
        12.0,
        gt=0,
        le=500,
        description="Size of all pictures of the movie in the page, in MB; 12 is opened at once and sent by mail.",
    )
    tail_frames: int = Field(10, ge=0, description="Length of the tracks' tails in the pictures, in frames.")
