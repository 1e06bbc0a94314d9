"""Section ``simulate`` of a sequence: a movie that is made instead of read."""

from __future__ import annotations

from pydantic import Field

from samtrack.config.section import Section


class SimulateSettings(Section):
    """Recipe of a simulated movie; a seed gives the same bytes."""

    seed: int = Field(0, ge=0, description="Seed of all randomness.")
    frames: int = Field(30, ge=1, description="Number of frames.")
    shape_px: tuple[int, int] | tuple[int, int, int] = Field(
        (256, 256), description="Voxels of one frame, (z,) y, x."
    )
