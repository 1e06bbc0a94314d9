"""Section ``report``: the page that shows a result."""

from __future__ import annotations

from pydantic import Field

from samtrack.config.section import Section


class ReportSettings(Section):
    """What the page shows."""

    frames_shown: int = Field(
        12,
        ge=1,
        le=200,
        description="Frames shown with outlines, evenly spread over the movie; 12 make a page of about 2 MB.",
    )
    tail_frames: int = Field(10, ge=0, description="Length of the tracks' tails in the pictures, in frames.")
