"""Section ``fill``: masks for the frames in which a tracked cell was not seen."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from samtrack.config.section import Section


class NoFillSettings(Section):
    """Gaps stay gaps: the CTC result cuts the track there (parent link, one child)."""

    method: Literal["none"] = "none"


MIN_SIZE = Field(
    0.3,
    gt=0,
    le=1,
    description="A filled mask smaller than this share of the smaller of its two observations is dropped (other "
    "cells lie where it should be).",
)


class ShapeFillSettings(Section):
    """The mask between two observations: their shapes, moved onto the path between them and blended."""

    method: Literal["shape"] = "shape"
    min_size_fraction: float = MIN_SIZE


class Sam2FillSettings(Section):
    """The mask that SAM 2 sees in the image, carried from both observations; the shape where it sees none.

    The network, its device and its memory are set in section ``sam2``.
    """

    method: Literal["sam2"] = "sam2"
    min_size_fraction: float = MIN_SIZE
    shape_weight: Annotated[float, Field(ge=0, lt=1)] | Literal["auto"] = Field(
        "auto",
        description="How much the interpolated shape counts beside what the network sees, both as logits. auto: for each "
        "gap by how well the network finds the known mask on its other side. 0: the network alone, 0.5: both alike.",
    )
    detail: float = Field(
        1.5,
        ge=0.5,
        le=4,
        description="How many times larger than for links (`sam2.cell_px`) cells are shown to the network, and their "
        "windows with them: an outline needs more pixels than a link. Time grows with its square.",
    )
    min_iou: float = Field(
        0.3,
        ge=0,
        lt=1,
        description="The shape alone is drawn where the network itself expects its mask to overlap the true one by less "
        "(intersection over union).",
    )


class Prompts3dFillSettings(Section):
    """The mask that SAM-Med3D draws at the cell's interpolated place, shown its interpolated shape; 3D only.

    The network, its device and its memory are set in section ``sammed3d``.
    """

    method: Literal["prompts3d"] = "prompts3d"
    min_size_fraction: float = MIN_SIZE
    shape_weight: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="How much the interpolated shape counts beside what the network sees, both as logits. 0: the network "
        "alone, which is shown the shape anyway and was better so (docs/benchmarks.md); 0.5: both alike.",
    )
    negatives: int = Field(
        4,
        ge=0,
        le=16,
        description="Most cells nearby that are clicked off, those of the frame and other missing ones.",
    )
    rounds: int = Field(
        1,
        ge=1,
        le=4,
        description="How often a cell is asked for. Already the first time the network is shown the interpolated shape.",
    )
    min_iou: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="The shape alone is drawn where the network itself expects its mask to overlap the true one by less "
        "(intersection over union). 0: it is not asked, since the published weights never learnt it.",
    )


FillSettings = Annotated[
    NoFillSettings | ShapeFillSettings | Sam2FillSettings | Prompts3dFillSettings, Field(discriminator="method")
]
