"""What all training runs of networks are told: where they begin, how long they learn and how fast."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from samtrack.config.section import Section


class LoopSettings(Section):
    """Settings that the recipes of all networks share."""

    seed: int = Field(1, ge=0, description="Seed of everything that is drawn: examples, prompts, first weights.")
    steps: int = Field(500, ge=1, description="Optimiser steps; 500 fine-tune the smallest network in 20 min on a CPU.")
    stop: int | None = Field(
        None, ge=1, description="Step after which the run ends, though its learning rate was planned for all steps."
    )
    frozen: tuple[str, ...] = Field((), description="Parts that do not learn, as in vision_encoder or image_encoder.")
    rate: float = Field(1e-4, gt=0, description="Highest learning rate; 1e-3 from scratch, 1e-5 to 1e-4 to fine-tune.")
    last_rate: float = Field(0.01, ge=0, le=1, description="Share of it at the end of the cosine.")
    warmup: int = Field(50, ge=0, description="Steps over which the rate rises from 0.")
    weight_decay: float = Field(0.05, ge=0, description="AdamW's decay of matrices; none for biases and norms.")
    clip_norm: float = Field(1.0, gt=0, description="Longest gradient.")
    average: float = Field(
        0.998,
        ge=0,
        lt=1,
        description="Memory of the running mean of the weights, which is what is kept. 0.998: 500 steps.",
    )
    precision: Literal["float32", "bfloat16", "float16"] = Field(
        "float32", description="Type of matrix products; float16 with loss scaling."
    )
    device: str = Field("auto", description="auto, cpu, cuda, cuda:1 … or mps; with torchrun, one GPU per process.")
    workers: int = Field(1, ge=0, description="Processes that make examples; 0: in the main one.")
    checkpoint_every: int = Field(100, ge=1, description="Steps between checkpoints, from which a run goes on.")
    check_every: int = Field(
        250, ge=1, description="Steps between looks at held-out examples, with a picture of samples."
    )
    held_out: int = Field(48, ge=1, description="Held-out examples that are looked at.")

    @property
    def last_step(self) -> int:
        """Step with which the run ends."""
        return min(self.steps, self.stop or self.steps)
