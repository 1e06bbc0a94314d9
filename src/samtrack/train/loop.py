"""What training runs have in common, whatever the network: learning rate, decay, resting parts, the running mean."""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

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


@dataclass(frozen=True, slots=True)
class Best:
    """The best look so far: its measure, how many looks ago it was, and the running mean of that time."""

    measure: float = -math.inf
    looks: int = 0
    weights: dict[str, Tensor] = field(default_factory=dict)


class Learner:
    """What learns: the student, the running mean of the network in it, the optimiser, and how far it is."""

    def __init__(self, student: nn.Module, network: nn.Module, settings: LoopSettings, device: torch.device) -> None:
        self.device = device
        self.network = network
        self.mean: Any = copy.deepcopy(network).requires_grad_(False)
        self.step = 0
        self.best = Best()
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self.loop = settings
        self._learns = student
        self.optimiser = torch.optim.AdamW(groups(student, settings.weight_decay), lr=settings.rate, betas=(0.9, 0.99))
        self.scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "float16")
        self.shared: nn.Module = student
        if self.world > 1:
            self.shared = nn.parallel.DistributedDataParallel(student, find_unused_parameters=True)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on; tensors and plain values only."""
        return {
            "step": self.step,
            "settings": self.loop.model_dump(mode="json"),
            "student": self._learns.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
            "best": {"measure": self.best.measure, "looks": self.best.looks, "weights": self.best.weights},
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state of a run with the same settings."""
        self._learns.load_state_dict(state["student"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.step = int(state["step"])
        self.best = Best(**state.get("best", {}))

    def judge(self, measure: float) -> bool:
        """Note how well the running mean did in a look; whether it is the best so far, whose weights are then kept."""
        if not measure > self.best.measure:
            self.best = replace(self.best, looks=self.best.looks + 1)
            return False
        self.best = Best(measure, 0, {name: value.clone() for name, value in self.mean.state_dict().items()})
        return True

    def cast(self) -> Any:
        """The context in which a pass is computed with as many bits as the settings say."""
        name = self.loop.precision
        return torch.autocast(self.device.type, getattr(torch, name), enabled=name != "float32")

    def collect(self, loss: Tensor) -> None:
        """Add the gradients of a loss to those of the step."""
        scaled: Any = self.scaler.scale(loss)
        scaled.backward()

    def take_step(self) -> tuple[float, float]:
        """One step along the gradients that were collected; their length, and the learning rate."""
        rate = rate_at(self.step, self.loop)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.scaler.unscale_(self.optimiser)
        gradient = nn.utils.clip_grad_norm_(self._learns.parameters(), self.loop.clip_norm)
        self.scaler.step(self.optimiser)
        self.scaler.update()
        self.optimiser.zero_grad(set_to_none=True)
        self.step += 1
        follow(self.mean, self.network, self.loop.average, self.step)
        return float(gradient), rate


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


def agreed(is_so: bool, device: torch.device) -> bool:
    """What the first of all processes says; alone, what this one says."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return is_so
    said = torch.tensor([int(is_so)], device=device)
    dist.broadcast(said, 0)
    return bool(said.item())


def begin_processes(device: torch.device) -> torch.device:
    """Join the processes that ``torchrun`` started, each with a GPU of its own; alone, nothing happens."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return device
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return torch.device(device.type, int(os.environ.get("LOCAL_RANK", 0))) if device.type == "cuda" else device
