"""Section ``sammed3d``: which SAM-Med3D network draws masks in volumes, on which device, and at what cost."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from samtrack.config.section import Section


class SamMed3DSettings(Section):
    """The SAM-Med3D network that draws masks in 3D, where a stage's method is `prompts3d`."""

    weights: str = Field(
        "samtrack-tiny-3d",
        min_length=1,
        description="A name that `samtrack weights list` shows, a folder with config.json and model.safetensors (as "
        "`samtrack train sammed3d` writes it), or a published .pth file. samtrack-tiny-3d ships with the package.",
    )
    device: str = Field(
        "auto",
        pattern=r"^(auto|cpu|cuda(:\d+)?|mps)$",
        description="auto: cuda, else mps, else cpu, whichever the machine has. cuda:N: the N-th GPU, counted from 0.",
    )
    precision: Literal["auto", "float32", "bfloat16"] = Field(
        "auto",
        description="Numbers in the network. auto: bfloat16 where the device multiplies it faster than float32, else "
        "float32; bfloat16 keeps 3 significant digits, enough for a mask.",
    )
    memory_gb: float = Field(
        2.0,
        ge=0.1,
        le=1000,
        description="Memory in GB for the network's activations, in one process, beside its weights. Cells are taken in "
        "batches that fit; 2 GB fit a laptop. Does not change the result.",
    )
    cell_px: float | None = Field(
        None,
        ge=4,
        le=128,
        description="Diameter to which a typical cell is scaled before the network sees it, in voxels of its input. null: "
        "what the network's card says, else 64 (four of its patches).",
    )
    fold: bool = Field(
        True,
        description="Take the short way through the windows of the published network: same masks to rounding, a third of "
        "the operations. false: the plain way, for comparison.",
    )
    cache: str | None = Field(
        None,
        min_length=1,
        description="Folder of fetched weights, seen by all nodes of a cluster. null: the environment variable "
        "SAMTRACK_WEIGHTS, else ~/.cache/samtrack/weights.",
    )
