"""What ``samtrack train sammed3d`` is told: a recipe, from which the same weights come again."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from samtrack.config.section import Section
from samtrack.config.train_loop import LoopSettings


class Lora3DSettings(Section):
    """Learning only what is added beside frozen layers (LoRA)."""

    rank: int = Field(8, ge=1, le=256, description="Rank of what is added to each matrix: 8 learns a movie's look.")
    alpha: float = Field(16.0, gt=0, description="Weight of what is added, divided by the rank.")
    parts: tuple[str, ...] = Field(
        ("image_encoder.blocks", "mask_decoder.transformer"),
        description="Parts of the network whose projections are adapted: what sees, and what answers.",
    )


class Mask3DLossWeights(Section):
    """Weights of the terms that are minimised."""

    dice: float = Field(1.0, ge=0, description="One minus the soft Dice coefficient of mask and truth.")
    cross_entropy: float = Field(
        5.0,
        ge=0,
        description="Cross entropy, mean over the tile. 5: an object fills some percent of it, so that a mean says little.",
    )
    iou: float = Field(0.5, ge=0, description="Absolute error of the expected IoU.")
    outlines: float = Field(
        0.0,
        ge=0,
        description="Cross entropy of cells and rims shown by a head that is thrown away; the encoder learns from all "
        "voxels. 0: no such head; 1: from scratch, where it makes learning several times faster.",
    )


class TrainSamMed3DSettings(LoopSettings):
    """A training run of a SAM-Med3D network. Sizes are in voxels of its tiles."""

    start: str = Field(
        "samtrack-tiny-3d",
        description="Weights to begin with: a name of `samtrack weights list`, a folder or a file; scratch: random ones "
        "of the architecture given.",
    )
    data: tuple[str, ...] = Field(
        (),
        description="Images of annotated movies to learn from: folders of TIFF files, TIFF files or OME-Zarr; none: "
        "simulated volumes only.",
    )
    masks: tuple[str, ...] = Field(
        (),
        description="Masks of each of them, as coarse as they are; frames without a file are left out. None: DATA/01_ST/SEG "
        "beside DATA/01.",
    )
    simulated: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Share of tiles that are simulated where there are annotated movies: against forgetting what these do "
        "not show.",
    )
    held_out_share: float = Field(
        0.2,
        ge=0,
        lt=1,
        description="Share of the annotated frames, the last ones, from which nothing is learnt; the weights of the best "
        "look at them are kept. 0: learn from all, for a fixed number of steps.",
    )
    diameter_um: float | None = Field(
        None, gt=0, description="Diameter of a typical cell in micrometres. null: that of the median mask."
    )
    patience: int | None = Field(
        None,
        ge=1,
        description="Looks at held-out tiles without a better one after which the run ends. null: to its last step. "
        "The weights of the best look are what is kept.",
    )
    architecture: dict[str, Any] | None = Field(
        None,
        description="Sizes of the network, for start: scratch. For other first weights: sizes that no tensor has, as "
        "ball_px.",
    )
    cell_px: float | None = Field(
        None,
        ge=4,
        le=128,
        description="Diameter of a typical cell in a tile. null: what the card of the first weights says, else half a tile.",
    )
    rate: float = Field(
        8e-5,
        gt=0,
        description="Highest learning rate; 8e-5 as the authors of SAM-Med3D advise to fine-tune, 1e-3 for a small network "
        "from scratch.",
    )
    cubes: int = Field(2, ge=1, description="Tiles per pass.")
    accumulate: int = Field(1, ge=1, description="Passes whose gradients are added up to one step.")
    prompts: int = Field(8, ge=1, description="Most objects per tile that are asked for; one encoding serves all.")
    backgrounds: int = Field(1, ge=0, description="Clicks on background per tile, whose mask is empty.")
    negatives: int = Field(4, ge=0, description="Most clicks at neighbouring cells, as inference gives them.")
    rounds: Annotated[tuple[int, ...], Field(min_length=1)] = Field(
        (1, 1, 2), description="How often an object is asked for, drawn per pass; each time shown the answer before."
    )
    correction: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of objects that get a click into their worst error before they are asked again.",
    )
    mask_prompts: float = Field(
        0.2,
        ge=0,
        le=1,
        description="Share of objects that are shown a distorted mask, as of the frame before, with or without a click.",
    )
    reuse: int = Field(3, ge=1, description="Times that a tile is used, each time flipped and asked in another way.")
    pool: int = Field(48, ge=1, description="Tiles in memory from which a pass is drawn; 2 MB each of 64 x 64 x 64.")
    repaint: float = Field(
        0.5, ge=0, le=1, description="Share of uses of a tile with other intensity, noise, blur and coarser z planes."
    )
    losses: Mask3DLossWeights = Mask3DLossWeights()
    lora: Lora3DSettings | None = Field(None, description="Learn only additions to frozen projections.")


class Train3DSettings(TrainSamMed3DSettings):
    """Fine-tuning of a SAM-Med3D network on the masks of a run's sequences (`snakemake … train`), if no `data` is named."""

    name: str = Field(
        "sammed3d-tuned",
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_.+-]*$",
        description="Name of the weights, written to OUT/weights/NAME; sammed3d.weights names that folder to draw by them.",
    )
