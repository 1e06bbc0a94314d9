"""Section ``segment``: where the cells of a frame come from. One model per method; ``method`` chooses."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from samtrack.config.section import Section


class GivenSettings(Section):
    """Masks that the user gives: one label image per frame."""

    method: Literal["given"] = "given"
    missing: Literal["error", "empty"] = Field(
        "error", description="A frame without a mask file. error: stop and list them. empty: no cells in that frame."
    )


class SeedsSettings(Section):
    """Classical segmentation: scale-space blobs as seeds, local threshold, watershed."""

    method: Literal["seeds"] = "seeds"
    polarity: Literal["bright", "dark", "texture"] = Field(
        "bright",
        description="What a cell looks like. bright: brighter than its surroundings (fluorescence). dark: darker. "
        "texture: told from the background by its structure (DIC, phase contrast).",
    )
    sensitivity: float = Field(
        0.5,
        gt=0,
        lt=1,
        description="Where between background (0) and cell (1) the border lies, as a share of the local contrast. "
        "0.5 is the half-maximum, where blur leaves an edge in place; lower finds more and larger cells.",
    )
    split: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How readily touching cells are split. 0: never, 1: at every dent. 0.5: where two seeds are at "
        "least a cell radius apart or the outline has a neck.",
    )
    min_size_fraction: float = Field(
        0.15,
        ge=0,
        lt=1,
        description="Objects smaller than this share of a disc (ball) of the cell's diameter are dropped; 0.15 keeps "
        "freshly divided daughters (about 0.3 of their mother) and drops debris.",
    )
    tile_px: int = Field(
        1024,
        ge=64,
        description="Side of a tile along y and x in voxels; a frame larger than this is cut into tiles with a halo of "
        "three cell diameters, so that a large frame never needs many copies of itself in memory.",
    )


SegmentSettings = Annotated[GivenSettings | SeedsSettings, Field(discriminator="method")]
