"""Section ``segment``: where the cells of a frame come from. One model per method; ``method`` chooses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from samtrack.config.section import Section
from samtrack.config.seed_files import SeedFileSettings


class GivenSettings(Section):
    """Masks that the user gives: one label image per frame."""

    method: Literal["given"] = "given"
    missing: Literal["error", "empty"] = Field(
        "error", description="A frame without a mask file. error: stop and list them. empty: no cells in that frame."
    )


class SeedsSettings(Section):
    """Classical segmentation: blobs of the cell's size, each with a threshold of its own.

    All lengths are shares of the cell's diameter (``movie.cell_diameter_um``), all intensities shares of what the
    frame itself shows, so that one set of values serves nuclei and whole cells, 2D and 3D.
    """

    method: Literal["seeds"] = "seeds"
    polarity: Literal["bright", "dark", "texture"] = Field(
        "bright",
        description="What a cell looks like. bright: brighter than its surroundings (fluorescence). dark: darker. "
        "texture: told from the background by its structure (DIC, phase contrast).",
    )
    sensitivity: float = Field(
        0.4,
        gt=0,
        lt=1,
        description="Where between the local background (0) and the cell's median (1) its border lies. 0.5 is the "
        "half-maximum, where blur leaves a straight edge in place; people draw a little outside of it, hence 0.4. "
        "Lower makes every cell larger.",
    )
    split: float = Field(
        0.5,
        ge=0,
        le=1,
        description="How readily touching cells are split. 0: never, 1: at every dent. 0.5: where the parts are clearly "
        "rounder (more like ellipses) than the whole.",
    )
    min_contrast_sd: float = Field(
        4.0,
        gt=0,
        le=100,
        description="Least height of a cell over the local background, in standard deviations of the frame's noise "
        "(smoothed to the grain of a cell). 4: a frame of pure noise gives no cell; lower finds fainter cells.",
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
        description="Side of a tile along y and x in voxels; a larger frame is cut into tiles (each reads a halo of "
        "about seven cell diameters more) so that it never needs many copies of itself in memory. Does not change "
        "the result.",
    )


def _with_method(source: Any) -> Any:
    """The classical segmentation, where nobody chose."""
    return {"method": "seeds", **source} if isinstance(source, Mapping) else source


SeedSource = Annotated[SeedsSettings | SeedFileSettings, Field(discriminator="method"), BeforeValidator(_with_method)]
"""Who says where cells are, for methods that draw masks around points: the classical segmentation, or the user."""


class Sam2SegmentSettings(Section):
    """SAM 2, shown a point in each object that the classical segmentation finds, or that the user names; 2D only.

    The network, its device and its memory are set in section ``sam2``.
    """

    method: Literal["sam2"] = "sam2"
    seeds: SeedSource = Field(
        default_factory=SeedsSettings,
        description="Who says where cells are. seeds: the classical segmentation, with the keys of that method. file: "
        "points in the file or folder that the sequence names as seeds.",
    )
    min_iou: float = Field(
        0.5,
        ge=0,
        lt=1,
        description="A cell keeps its classical mask (around a point of the user's: a disc of the cell's diameter) where "
        "the network expects its own to overlap the true one by less (intersection over union). 0.5: below, a mask counts "
        "as no match to the cell.",
    )

    @property
    def classical(self) -> SeedsSettings:
        """The settings of the classical segmentation; its defaults where the user names the points."""
        return self.seeds if isinstance(self.seeds, SeedsSettings) else SeedsSettings()


SegmentSettings = Annotated[GivenSettings | SeedsSettings | Sam2SegmentSettings, Field(discriminator="method")]
