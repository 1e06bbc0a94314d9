"""Weights that samtrack trained, and the checkpoints of a run that goes on later; both read without running code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from samtrack.errors import WeightsError
from samtrack.io.atomic import written_file

CONFIG_FILE, WEIGHTS_FILE = "config.json", "model.safetensors"


def write_checkpoint(path: Path, state: dict[str, Any]) -> None:
    """Write the state of a training run beside and rename it."""
    with written_file(path) as beside:
        torch.save(state, beside)


def read_checkpoint(path: Path) -> dict[str, Any]:
    """The state of a training run: tensors and plain values, nothing that could run code."""
    try:
        state: dict[str, Any] = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise WeightsError(
            f"{path} is not a checkpoint that can be read ({error}). Delete it to begin anew."
        ) from error
    return state


def write_network(folder: Path, config: dict[str, Any], state: dict[str, Tensor]) -> None:
    """Write a network as its configuration and half-precision tensors, the weights last."""
    half = {name: t.half().contiguous() if t.is_floating_point() else t.contiguous() for name, t in state.items()}
    with written_file(folder / CONFIG_FILE) as beside:
        beside.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    with written_file(folder / WEIGHTS_FILE) as beside:
        beside.write_bytes(save(half))
