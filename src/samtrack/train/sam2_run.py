"""A training run of a SAM 2 network: batches in, better weights out; can be stopped at any step and go on.

Nothing is read or written here: the stage that drives the run saves what `Run.state` gives.
"""

from __future__ import annotations

import copy
import math
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor, nn

from samtrack.config.train_sam2 import TrainSam2Settings
from samtrack.errors import SettingsError
from samtrack.models.lora import add_lora, fold_lora
from samtrack.models.sam2.network import Sam2Network
from samtrack.train.sam2_batch import Lessons, make_lessons
from samtrack.train.sam2_clips import Clip
from samtrack.train.sam2_losses import LossWeights, true_iou
from samtrack.train.sam2_steps import Pass, Student

HELD_OUT_SEED = 10**6
"""Added to the seed for clips that nothing is learnt from."""

POOL = 96
"""Clips from which a batch is drawn: enough that a clip's second use comes after others."""


@dataclass(frozen=True, slots=True)
class Report:
    """What one step did: losses by name, the length of the gradient, the learning rate, lessons in the batch."""

    step: int
    losses: dict[str, float]
    gradient: float
    rate: float
    lessons: int


class Run:
    """The state of a run: the student, the running mean of its weights, the optimiser, how far it is."""

    def __init__(self, network: Sam2Network, settings: TrainSam2Settings, device: torch.device) -> None:
        self.settings = settings
        self.device = device
        if settings.lora is not None:
            network.model.requires_grad_(False)
            add_lora(network.model, settings.lora.parts, settings.lora.rank, settings.lora.alpha)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.student = Student(network, settings.outlines).to(device)
        _freeze(network, settings.frozen)
        self.mean = copy.deepcopy(self.student.network).requires_grad_(False)
        self.optimiser = torch.optim.AdamW(_groups(self.student, settings), lr=settings.rate, betas=(0.9, 0.99))
        self.scaler = torch.amp.GradScaler(device.type, enabled=settings.precision == "float16")
        self.step = 0
        self.rank, self.world = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        self._shared: nn.Module = self.student
        if self.world > 1:
            self._shared = nn.parallel.DistributedDataParallel(self.student, find_unused_parameters=True)

    def state(self) -> dict[str, Any]:
        """All that is needed to go on; tensors and plain values only."""
        return {
            "step": self.step,
            "settings": self.settings.model_dump(mode="json"),
            "student": self.student.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "scaler": self.scaler.state_dict(),
        }

    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from a state of a run with the same settings."""
        self.student.load_state_dict(state["student"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.scaler.load_state_dict(state["scaler"])
        self.step = int(state["step"])

    def result(self) -> nn.Module:
        """The running mean of the network, with what was added to frozen layers folded in."""
        network = copy.deepcopy(self.mean)
        fold_lora(network.model)
        model: nn.Module = network.model
        return model

    def steps(self, clips: Iterator[Clip]) -> Iterator[Report]:
        """Steps until the last one; ``clips`` begin where the run is (`clips_used`)."""
        settings = self.settings
        weights = LossWeights(**settings.losses.model_dump())
        self.student.train()
        with closing(_pooled(clips, settings, self.step, self.rank)) as batches:
            while self.step < min(settings.steps, settings.stop or settings.steps):
                lessons = next(batches)
                rate = _rate(self.step, settings)
                for group in self.optimiser.param_groups:
                    group["lr"] = rate
                seen: Pass = self._forward(lessons, weights)
                loss: Any = self.scaler.scale(seen.total)
                loss.backward()
                self.scaler.unscale_(self.optimiser)
                gradient = nn.utils.clip_grad_norm_(self.student.parameters(), settings.clip_norm)
                self.scaler.step(self.optimiser)
                self.scaler.update()
                self.optimiser.zero_grad(set_to_none=True)
                self.step += 1
                self._follow()
                losses = {name: float(loss.detach()) for name, loss in seen.losses.items()}
                yield Report(self.step, losses, float(gradient), rate, len(lessons))

    def _forward(self, lessons: Lessons, weights: LossWeights) -> Pass:
        with self._cast():
            seen: Pass = self._shared(lessons, weights, self.settings.points)
        return seen

    def _cast(self) -> Any:
        name = self.settings.precision
        return torch.autocast(self.device.type, getattr(torch, name), enabled=name != "float32")

    @torch.no_grad()
    def _follow(self) -> None:
        """Move the running mean towards the weights; faster at the beginning, when there is little to remember."""
        keep = min(self.settings.average, self.step / (self.step + 10))
        pairs = zip(self.mean.parameters(), self.student.network.parameters(), strict=True)
        for kept, new in pairs:
            kept.lerp_(new.to(kept.dtype), 1 - keep)

    @torch.no_grad()
    def check(self, clips: Sequence[Clip]) -> tuple[dict[str, float], Lessons, Pass]:
        """How well the running mean does on held-out clips; and its first batch, to look at."""
        settings = self.settings
        student = Student(self.mean.eval(), has_outlines=False)
        rng = np.random.default_rng(settings.seed)
        sums: dict[str, list[Tensor]] = {}
        first: tuple[Lessons, Pass] | None = None
        side = settings.window_px // 16
        for start in range(0, len(clips), settings.clips):
            lessons = make_lessons(clips[start : start + settings.clips], side, settings.cells, 1, rng)
            if len(lessons) == 0:
                continue
            with self._cast():
                seen = student(lessons, LossWeights(), settings.points)
            first = first or (lessons, seen)
            for name, values in _measures(lessons, seen).items():
                sums.setdefault(name, []).append(values)
        if first is None:
            raise RuntimeError("no held-out clip has a cell")
        return {name: float(torch.cat(values).mean()) for name, values in sums.items()}, *first


def clips_used(step: int, settings: TrainSam2Settings) -> int:
    """Clips of the stream that are in no batch any more after so many steps; the pool begins there."""
    return step * _fresh(settings)


def _fresh(settings: TrainSam2Settings) -> int:
    """New clips per step."""
    return max(1, settings.clips // settings.reuse)


def _pooled(clips: Iterator[Clip], settings: TrainSam2Settings, step: int, rank: int) -> Generator[Lessons]:
    """Batches from a pool of clips in which the oldest are replaced; a function of the seed and the step alone."""
    side = settings.window_px // 16
    fresh = _fresh(settings)
    pool = [next(clips) for _ in range(POOL)]
    while True:
        rng = np.random.default_rng([settings.seed, 7, rank, step])
        drawn = [pool[i] for i in rng.choice(len(pool), settings.clips, replace=False)]
        n_frames = int(rng.choice(settings.frames))
        is_dense = settings.consecutive > 0 and bool(rng.random() < settings.consecutive)
        short = [_shortened(c, n_frames, is_dense, rng) for c in drawn]
        yield make_lessons(short, side, settings.cells, settings.backgrounds, rng)
        pool = [*pool[fresh:], *(next(clips) for _ in range(fresh))]
        step += 1


def _shortened(clip: Clip, n_frames: int, is_dense: bool, rng: np.random.Generator) -> Clip:
    """Some frames of a clip, in order: one after the other, or any of them."""
    if is_dense:
        start = int(rng.integers(0, len(clip.images) - n_frames + 1))
        kept = np.arange(start, start + n_frames)
    else:
        kept = np.sort(rng.choice(len(clip.images), n_frames, replace=False))
    return Clip(clip.images[kept], clip.labels[kept], clip.prompts[kept], clip.parent, clip.cell_px, clip.seed)


def _measures(lessons: Lessons, seen: Pass) -> dict[str, Tensor]:
    """By lesson: IoU of carried masks of cells that are there, whether presence is told right, IoU of masks from points."""
    found: dict[str, list[Tensor]] = {"iou": [], "present": [], "absent": []}
    for t, prediction in enumerate(seen.carried):
        target, here = torch.from_numpy(lessons.target[t]), torch.from_numpy(lessons.present[t])
        told = prediction.object_logit.float().cpu() > 0
        found["iou"].append(true_iou(prediction.logits.float().cpu(), target)[here])
        found["present"].append(told[here].float())
        found["absent"].append((~told)[~here].float())
    measured = {name: torch.cat(values) for name, values in found.items()}
    if seen.pointed is not None:
        truth = torch.from_numpy(lessons.segment)
        there = truth.flatten(1).any(dim=1)
        measured["points_iou"] = true_iou(seen.pointed.logits.float().cpu(), truth)[there]
    return measured


def _rate(step: int, settings: TrainSam2Settings) -> float:
    """Learning rate: up in a line, down along a cosine."""
    if step < settings.warmup:
        return settings.rate * (step + 1) / settings.warmup
    part = (step - settings.warmup) / max(settings.steps - settings.warmup, 1)
    share = settings.last_rate + (1 - settings.last_rate) * (1 + math.cos(math.pi * min(part, 1.0))) / 2
    return settings.rate * share


def _groups(student: nn.Module, settings: TrainSam2Settings) -> list[dict[str, Any]]:
    """Parameters that learn: matrices with decay, vectors without."""
    learning = [p for p in student.parameters() if p.requires_grad]
    matrices, vectors = [p for p in learning if p.dim() > 1], [p for p in learning if p.dim() <= 1]
    return [{"params": matrices, "weight_decay": settings.weight_decay}, {"params": vectors, "weight_decay": 0.0}]


def _freeze(network: Sam2Network, frozen: Sequence[str]) -> None:
    """Let parts of the network rest; an unknown name is an error, or a typing mistake would let all of it learn."""
    for part in frozen:
        found = [p for name, p in network.model.named_parameters() if name == part or name.startswith(part + ".")]
        if not found:
            known = ", ".join(name for name, _ in network.model.named_children())
            raise SettingsError(
                f"frozen: the network has no part {part!r}. Its parts are {known}, and what is below them."
            )
        for parameter in found:
            parameter.requires_grad_(False)


def begin_processes(device: torch.device) -> torch.device:
    """Join the processes that ``torchrun`` started, each with a GPU of its own; alone, nothing happens."""
    if int(os.environ.get("WORLD_SIZE", 1)) == 1:
        return device
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    return torch.device(device.type, int(os.environ.get("LOCAL_RANK", 0))) if device.type == "cuda" else device
