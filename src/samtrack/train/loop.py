"""What training runs have in common, whatever the network: learning rate, decay, resting parts, the running mean."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from torch import nn

from samtrack.config.train_loop import LoopSettings
from samtrack.errors import SettingsError

HELD_OUT_SEED = 10**6
"""Added to the seed for examples that nothing is learnt from."""

FIRST_STEPS = 10
"""Steps after which the running mean remembers about half: at the beginning there is little to remember."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one step did: losses by name, the length of the gradient, the learning rate, lessons in the batch."""

    step: int
    losses: dict[str, float]
    gradient: float
    rate: float
    lessons: int


def rate_at(step: int, schedule: LoopSettings) -> float:
    """Learning rate: up in a line, down along a cosine."""
    if step < schedule.warmup:
        return schedule.rate * (step + 1) / schedule.warmup
    part = (step - schedule.warmup) / max(schedule.steps - schedule.warmup, 1)
    share = schedule.last_rate + (1 - schedule.last_rate) * (1 + math.cos(math.pi * min(part, 1.0))) / 2
    return schedule.rate * share


def groups(student: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameters that learn: matrices with decay, vectors without."""
    learning = [p for p in student.parameters() if p.requires_grad]
    matrices, vectors = [p for p in learning if p.dim() > 1], [p for p in learning if p.dim() <= 1]
    return [{"params": matrices, "weight_decay": weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def freeze(model: nn.Module, frozen: Sequence[str]) -> None:
    """Let parts of a network rest; an unknown name is an error, or a typing mistake would let all of it learn."""
    for part in frozen:
        found = [p for name, p in model.named_parameters() if name == part or name.startswith(part + ".")]
        if not found:
            known = ", ".join(name for name, _ in model.named_children())
            raise SettingsError(
                f"frozen: the network has no part {part!r}. Its parts are {known}, and what is below them."
            )
        for parameter in found:
            parameter.requires_grad_(False)


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, average: float, step: int) -> None:
    """Move a running mean of weights towards those of a network; faster in the first steps."""
    keep = min(average, step / (step + FIRST_STEPS))
    for kept, new in zip(mean.parameters(), network.parameters(), strict=True):
        kept.lerp_(new.to(kept.dtype), 1 - keep)


def begin_processes(device: torch.device) -> torch.device:
    """Join the processes that ``torchrun`` started, each with a GPU of its own; alone, nothing happens."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return device
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return torch.device(device.type, int(os.environ.get("LOCAL_RANK", 0))) if device.type == "cuda" else device
