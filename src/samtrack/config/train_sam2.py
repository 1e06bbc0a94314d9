"""What ``samtrack train sam2`` is told: a recipe, from which the same weights come again."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from samtrack.config.section import Section
from samtrack.config.train_loop import LoopSettings


class LoraSettings(Section):
    """Learning only what is added beside frozen layers (LoRA)."""

    rank: int = Field(8, ge=1, le=256, description="Rank of what is added to each matrix: 8 learns a movie's look.")
    alpha: float = Field(16.0, gt=0, description="Weight of what is added, divided by the rank.")
    parts: tuple[str, ...] = Field(
        ("memory_attention", "mask_decoder.transformer"),
        description="Parts of the network whose projections are adapted: those that carry cells, not those that see.",
    )


class Sam2LossWeights(Section):
    """Weights of the terms that are minimised, as SAM 2 was trained with."""

    focal: float = Field(20.0, ge=0, description="Focal loss of the mask's samples, mean over the window.")
    dice: float = Field(1.0, ge=0, description="One minus the soft Dice coefficient of mask and truth.")
    iou: float = Field(1.0, ge=0, description="Absolute error of the expected IoU.")
    present: float = Field(1.0, ge=0, description="Cross entropy of the object score: is the cell there at all?")


class TrainSam2Settings(LoopSettings):
    """A training run of a SAM 2 network for tracking. Sizes are in model pixels, 16 to a token."""

    start: str = Field(
        "samtrack-tiny",
        description="Weights to begin with: a name of `samtrack weights list`, a folder or a file; scratch: random ones "
        "of the architecture given.",
    )
    data: tuple[str, ...] = Field(
        (),
        description="Annotated movies to learn from, folders of images as in DATA/01 with their truth DATA/01_GT beside "
        "them; none: simulated movies only.",
    )
    masks: tuple[str, ...] = Field(
        (), description="Masks of each of them; none: DATA/01_ST/SEG if it is there, else the masks of the truth."
    )
    simulated: float = Field(
        0.3,
        ge=0,
        le=1,
        description="Share of clips that are simulated where there are annotated movies: against forgetting what these "
        "do not show.",
    )
    held_out_share: float = Field(
        0.2, gt=0, lt=1, description="Share of each annotated movie, its last frames, from which nothing is learnt."
    )
    architecture: dict[str, Any] | None = Field(
        None, description="Configuration of a transformers Sam2VideoModel, for start: scratch."
    )
    habits: dict[str, Any] = Field(
        default_factory=dict,
        description="How the network is to be used (mask_prompt, pointers, point_blobs, cell_px, window_px, tile_px), on "
        "top of what the weights to begin with say; written into the configuration of the new ones.",
    )
    clips: int = Field(8, ge=1, description="Clips per step and process.")
    cells: int = Field(
        12, ge=1, description="Most cells per clip that are carried: their cost is as much as the pixels'."
    )
    backgrounds: int = Field(1, ge=0, description="Masks on background per clip: objects that are absent ever after.")
    frames: Annotated[tuple[int, ...], Field(min_length=1)] = Field(
        (2,), description="Lengths of clips in frames, 2 to 4, drawn per step; repeat one to draw it more often."
    )
    consecutive: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Share of steps that see frames of a clip one after the other; the others leave some out, as gaps do.",
    )
    strides: tuple[float, ...] = Field(
        (0.75, 0.18, 0.07),
        min_length=1,
        description="Shares of simulated clips that take every, every second, every third … frame of their movie.",
    )
    side_px: int = Field(256, multiple_of=32, ge=64, description="Side of a clip: the tile that is used later.")
    window_px: int = Field(128, multiple_of=16, ge=32, description="Side of a cell's window: four cells of 32 px.")
    reuse: int = Field(2, ge=1, description="Times that a clip is used, each time with other cells and directions.")
    points: bool = Field(True, description="Whether masks from points are learnt, too (for segment.method: sam2).")
    outlines: bool = Field(
        True, description="Whether a head that is thrown away shows cells and rims: the encoder learns from all pixels."
    )
    losses: Sam2LossWeights = Sam2LossWeights()
    lora: LoraSettings | None = Field(None, description="Learn only additions to frozen projections.")
    compiled: bool = Field(False, description="Whether the encoder is compiled: pays on GPUs.")
