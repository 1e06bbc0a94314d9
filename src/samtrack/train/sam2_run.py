"""A training run of a SAM 2 network: batches in, better weights out; can be stopped at any step and go on.

Nothing is read or written here: the stage that drives the run saves what `Run.state` gives.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import numpy as np
import torch
from torch import Tensor, nn

from samtrack.config.train_sam2 import TrainSam2Settings
from samtrack.models.lora import add_lora, fold_lora
from samtrack.models.sam2.network import Sam2Network
from samtrack.train.loop import Learner, Report, freeze
from samtrack.train.sam2_batch import Lessons, make_lessons
from samtrack.train.sam2_clips import Clip
from samtrack.train.sam2_losses import LossWeights, true_iou
from samtrack.train.sam2_steps import Pass, Student

POOL = 96
"""Clips from which a batch is drawn: enough that a clip's second use comes after others."""


class Run(Learner):
    """The state of a run of a SAM 2 network."""

    def __init__(self, network: Sam2Network, settings: TrainSam2Settings, device: torch.device) -> None:
        self.settings = settings
        if settings.lora is not None:
            network.model.requires_grad_(False)
            add_lora(network.model, settings.lora.parts, settings.lora.rank, settings.lora.alpha)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.student = Student(network, settings.outlines).to(device)
        freeze(network.model, settings.frozen)
        super().__init__(self.student, self.student.network, settings, device)

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
            while self.step < settings.last_step:
                lessons = next(batches)
                with self.cast():
                    seen: Pass = self.shared(lessons, weights, settings.points)
                self.collect(seen.total)
                gradient, rate = self.take_step()
                losses = {name: float(loss.detach()) for name, loss in seen.losses.items()}
                yield Report(self.step, losses, gradient, rate, len(lessons))

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
            with self.cast():
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
