"""A training run of a SAM-Med3D network: cubes in, better weights out; can be stopped at any step and go on.

Nothing is read or written here: the stage that drives the run saves what `Run.state` gives.
"""

from __future__ import annotations

import copy
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing

import numpy as np
import torch
from torch import Tensor, nn

from samtrack.config.train_sammed3d import Mask3DLossWeights, TrainSamMed3DSettings
from samtrack.models.lora import add_lora, fold_lora
from samtrack.models.sammed3d.network import SamMed3D
from samtrack.train.loop import Learner, Report, freeze
from samtrack.train.sammed3d_batch import Lessons, make_lessons
from samtrack.train.sammed3d_cubes import Cube
from samtrack.train.sammed3d_losses import full_iou
from samtrack.train.sammed3d_steps import Pass, Rounds, Student, true_masks

PROJECTIONS = ("qkv", "proj", "q_proj", "k_proj", "v_proj", "out_proj", "lin1", "lin2")
"""Layers that are adapted, by the last part of their names: attention and what follows it."""


class Run(Learner):
    """The state of a run of a SAM-Med3D network."""

    def __init__(self, network: SamMed3D, settings: TrainSamMed3DSettings, device: torch.device) -> None:
        self.settings = settings
        if settings.lora is not None:
            network.requires_grad_(False)
            add_lora(network, settings.lora.parts, settings.lora.rank, settings.lora.alpha, PROJECTIONS)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.student = Student(network, settings.losses.outlines > 0).to(device)
        freeze(network, settings.frozen)
        super().__init__(self.student, self.student.network, settings, device)

    def result(self) -> nn.Module:
        """The running mean of the best look, else the last one, with what was added to frozen layers folded in."""
        network: nn.Module = copy.deepcopy(self.mean)
        if self.best.weights:
            network.load_state_dict(self.best.weights)
        fold_lora(network)
        return network

    def steps(self, cubes: Iterator[Cube]) -> Iterator[Report]:
        """Steps until the last one; ``cubes`` begin where the run is (`cubes_used`)."""
        settings = self.settings
        self.student.train()
        with closing(_pooled(cubes, settings, self.step, self.rank)) as batches:
            while self.step < settings.last_step:
                sums: dict[str, float] = {}
                asked = 0
                for _ in range(settings.accumulate):
                    drawn, rng = next(batches)
                    lessons = make_lessons(drawn, settings, self.student.network.sizes.logits_px, rng)
                    rounds = Rounds(int(rng.choice(settings.rounds)), settings.correction, rng)
                    with self.cast():
                        seen: Pass = self.shared(lessons, settings.losses, rounds)
                    self.collect(seen.total / settings.accumulate)
                    for name, loss in seen.losses.items():
                        sums[name] = sums.get(name, 0.0) + float(loss.detach()) / settings.accumulate
                    asked += len(lessons)
                gradient, rate = self.take_step()
                yield Report(self.step, sums, gradient, rate, asked)

    @torch.no_grad()
    def check(self, cubes: Sequence[Cube]) -> tuple[dict[str, float], Lessons, Pass]:
        """How well the running mean does on held-out cubes; and its first batch, to look at."""
        settings = self.settings.model_copy(update={"mask_prompts": 0.0})
        found: dict[str, list[Tensor]] = {}
        first: tuple[Lessons, Pass] | None = None
        student = Student(self.mean.eval(), has_outlines=False)
        for masks in (0.0, 1.0):
            rng = np.random.default_rng(settings.seed)
            shown = settings.model_copy(update={"mask_prompts": masks})
            for start in range(0, len(cubes), settings.cubes):
                batch = cubes[start : start + settings.cubes]
                lessons = make_lessons(batch, shown, student.network.sizes.logits_px, rng, is_test=True)
                if len(lessons) == 0:
                    continue
                with self.cast():
                    seen = student(lessons, Mask3DLossWeights(), Rounds(1 if masks else 2, 0.0, rng))
                first = first or (lessons, seen)
                for name, values in _measures(lessons, seen, is_shown=masks > 0).items():
                    found.setdefault(name, []).append(values)
        if first is None:
            raise RuntimeError("no held-out cube has a cell")
        return {name: float(torch.cat(values).mean()) for name, values in found.items()}, *first


def cubes_used(step: int, settings: TrainSamMed3DSettings) -> int:
    """Cubes of the stream that are in no batch any more after so many steps; the pool begins there."""
    return step * settings.accumulate * settings.cubes // settings.reuse


def _pooled(
    cubes: Iterator[Cube], settings: TrainSamMed3DSettings, step: int, rank: int
) -> Generator[tuple[list[Cube], np.random.Generator]]:
    """Batches from a pool of cubes in which the oldest are replaced; a function of the seed and the step alone."""
    size = max(settings.pool, settings.cubes)
    pool = [next(cubes) for _ in range(size)]
    done = step * settings.accumulate
    while True:
        rng = np.random.default_rng([settings.seed, 7, rank, done])
        yield [pool[i] for i in rng.choice(size, settings.cubes, replace=False)], rng
        done += 1
        fresh = done * settings.cubes // settings.reuse - (done - 1) * settings.cubes // settings.reuse
        pool = [*pool[fresh:], *(next(cubes) for _ in range(fresh))]


def _measures(lessons: Lessons, seen: Pass, is_shown: bool) -> dict[str, Tensor]:
    """By object: IoU of the first and of the second answer, error of the expected IoU, whether background stays empty."""
    truth = true_masks(lessons, torch.from_numpy(lessons.labels).to(seen.logits[0].device))
    is_cell = torch.from_numpy(lessons.label > 0)
    iou = [full_iou(logits, truth).cpu() for logits in seen.logits]
    if is_shown:
        return {"shown_iou": iou[0][is_cell]}
    drawn = (seen.logits[0] > 0).flatten(1).any(dim=1).cpu()
    return {
        "iou": iou[0][is_cell],
        "again_iou": iou[1][is_cell],
        "iou_error": (seen.iou[0].float().cpu() - iou[0]).abs()[is_cell],
        "empty": (~drawn[~is_cell]).float(),
    }
