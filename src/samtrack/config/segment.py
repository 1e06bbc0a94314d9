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


class Prompts3dSettings(Section):
    """SAM-Med3D, shown a point in each cell and points in its neighbours; 3D only.

    The network, its device and its memory are set in section ``sammed3d``.
    """

    method: Literal["prompts3d"] = "prompts3d"
    seeds: SeedSource = Field(
        default_factory=SeedsSettings,
        description="Where cells are. method seeds: in the objects of the classical segmentation, whose masks stay where "
        "the network sees no cell. method file: at the points that the sequence names as `seeds`.",
    )
    negatives: int = Field(
        4,
        ge=0,
        le=16,
        description="Most neighbours that are clicked off: in tissue a nucleus has about a dozen, of which the nearest few "
        "bound it.",
    )
    rounds: int = Field(
        1,
        ge=1,
        le=4,
        description="How often a cell is asked for; each time after the first the network is shown its answer before. Time "
        "of the decoder grows with it, not that of the encoder. 1: a second look did not make masks better.",
    )
    margin: float = Field(
        0.75,
        ge=0.25,
        le=4,
        description="Least distance of a seed from the border of the tile in which its cell is drawn, in cell diameters: "
        "half a diameter for the cell, the rest for its surroundings. Tiles overlap by twice as much, so time grows. "
        "Bounded so that at least a quarter of a tile's side is left.",
    )
    min_iou: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Where the network expects its mask to overlap the true one by less (intersection over union), the "
        "classical mask stays (seeds of a file: a ball). 0: it is not asked, since the published weights never learnt it.",
    )
    min_size_fraction: float = Field(
        0.15,
        ge=0,
        lt=1,
        description="A mask smaller than this share of a ball of the cell's diameter is not believed, and what is left of a "
        "cell after its neighbours took their voxels is dropped if it is smaller. 0.15: as for method seeds.",
    )
    compat: Literal["seed"] | None = Field(
        None,
        description="seed: for comparison, the way of the program that showed masks from clicks first: a raw block of the "
        "network's size around each point, one click in its middle, no neighbours, first come first served. null: as above.",
    )


SegmentSettings = Annotated[
    GivenSettings | SeedsSettings | Sam2SegmentSettings | Prompts3dSettings, Field(discriminator="method")
]
