"""Section ``fill``: masks for the frames in which a tracked cell was not seen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from samtrack.config.section import Section


class NoFillSettings(Section):
    """Gaps stay gaps: the CTC result cuts the track there (parent link, one child)."""

    method: Literal["none"] = "none"


class ShapeFillSettings(Section):
    """The mask between two observations: their shapes, moved onto the path between them and blended."""

    method: Literal["shape"] = "shape"
    min_size_fraction: float = Field(
        0.3,
        gt=0,
        le=1,
        description="A filled mask smaller than this share of the smaller of its two observations is dropped (other "
        "cells lie where it should be).",
    )


FillSettings = Annotated[NoFillSettings | ShapeFillSettings, Field(discriminator="method")]
