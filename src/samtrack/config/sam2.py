"""Section ``sam2``: which SAM 2 network the stages ask, on which device, and at what cost."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from samtrack.config.section import Section


class Sam2Settings(Section):
    """The SAM 2 network that proposes links and draws masks, where a stage's method asks for one."""

    weights: str = Field(
        "samtrack-tiny",
        min_length=1,
        description="A name that `samtrack weights list` shows, a folder with config.json and model.safetensors, a "
        ".safetensors file with a config.json beside it, or an official .pt file. samtrack-tiny ships with the package, "
        "so that nothing needs the network.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$",
        description="auto: cuda, else mps, else cpu, whichever the machine has. cuda:N: the N-th GPU, counted from 0.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="Numbers in the network. auto: bfloat16 where the device multiplies it faster than float32, else "
        "float32; bfloat16 keeps 3 significant digits, enough for a mask and not for a comparison to rounding.",
    )
    compile: bool = Field(
        False,
        description="Whether torch.compile prepares the network: minutes at each start, so only worth it for jobs of an "
        "hour and more.",
    )
    memory_gb: float = Field(
        2.0,
        ge=0.1,
        le=1000,
        description="Memory in GB for the network's activations, in one process, beside its weights. Cells are taken in "
        "batches that fit; 2 GB fit a laptop, more lets a GPU take more cells at once. Does not change the result.",
    )
    cell_px: float | None = Field(
        None,
        ge=4,
        le=512,
        description="Diameter to which a typical cell is scaled before the network sees it, in pixels of the network's "
        "input. null: what the network's card says it was trained for.",
    )
    window_px: int | None = Field(
        None,
        ge=32,
        le=2048,
        multiple_of=16,
        description="Side of the square around a cell within which memory is attended to, in pixels of the network's "
        "input; a multiple of 16, the stride of its features. null: what the network's card says.",
    )
    tile_px: int | None = Field(
        None,
        ge=64,
        le=4096,
        multiple_of=32,
        description="Side of the tiles into which a frame is cut for the network, in pixels of its input; a multiple of "
        "32, its coarsest stride. null: what the network's card says.",
    )
    cache: str | None = Field(
        None,
        min_length=1,
        description="Folder of fetched weights, seen by all nodes of a cluster. null: the environment variable "
        "SAMTRACK_WEIGHTS, else ~/.cache/samtrack/weights.",
    )
