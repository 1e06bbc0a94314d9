"""One pass of lessons through a network: what it answers, round by round, and what that costs.

Legend: b cubes, g tokens along an axis, l side of logits, p objects.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from samtrack.config.train_sammed3d import Mask3DLossWeights
from samtrack.models.sammed3d.engine import MOST_ON_CPU
from samtrack.models.sammed3d.network import SamMed3D
from samtrack.train.sammed3d_batch import Lessons
from samtrack.train.sammed3d_losses import mask_losses, outline_losses


@dataclass(frozen=True, slots=True)
class Pass:
    """Losses by name, and logits (p, l, l, l) and expected IoU (p,) of every round."""

    losses: dict[str, Tensor]
    logits: list[Tensor]
    iou: list[Tensor]

    @property
    def total(self) -> Tensor:
        """The sum that is minimised."""
        return torch.stack(list(self.losses.values())).sum()


@dataclass(frozen=True, slots=True)
class Rounds:
    """How objects are asked for: how often, which of them get clicks into errors, and with which drawn numbers."""

    n: int
    correction: float
    rng: np.random.Generator


class Outlines(nn.Module):
    """Logits of "cell" and "rim" (b, 2, 4g, 4g, 4g), read from each token by itself."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.reader = nn.Conv3d(channels, 2 * 64, 1)

    def forward(self, features: Tensor) -> Tensor:
        """Each token's numbers laid out as its 4 x 4 x 4 voxels."""
        b, _, g = features.shape[:3]
        said: Tensor = self.reader(features)
        apart = said.reshape(b, 2, 4, 4, 4, g, g, g).permute(0, 1, 5, 2, 6, 3, 7, 4)
        return apart.reshape(b, 2, 4 * g, 4 * g, 4 * g)


class Student(nn.Module):
    """A network with the head that shows outlines while it learns; the head is thrown away afterwards."""

    def __init__(self, network: SamMed3D, has_outlines: bool) -> None:
        super().__init__()
        self.network = network
        self.outlines = Outlines(network.sizes.channels) if has_outlines else None

    def forward(self, lessons: Lessons, weights: Mask3DLossWeights, rounds: Rounds) -> Pass:
        """All losses of some lessons."""
        device = next(self.parameters()).device
        labels = torch.from_numpy(lessons.labels).to(device)
        features = self.network.see(torch.from_numpy(lessons.images).to(device)[:, None])
        losses: dict[str, Tensor] = {}
        if self.outlines is not None:
            losses["outlines"] = weights.outlines * outline_losses(self.outlines(features), labels)
        if len(lessons) == 0:
            return Pass(losses | {"nothing": features.sum() * 0.0}, [], [])
        truth = true_masks(lessons, labels)
        target = functional.avg_pool3d(truth[:, None], labels.shape[-1] // self.network.sizes.logits_px)[:, 0]
        seen = Pass(losses, [], [])
        for logits, iou in self._answers(lessons, features, target, rounds):
            seen.logits.append(logits)
            seen.iou.append(iou)
            for name, loss in mask_losses(logits, iou, target, weights).items():
                losses[name] = losses.get(name, torch.zeros((), device=device)) + loss / rounds.n
        return seen

    def _answers(
        self, lessons: Lessons, features: Tensor, target: Tensor, rounds: Rounds
    ) -> list[tuple[Tensor, Tensor]]:
        """Logits and expected IoU of every round; a round is shown the answer before, and some of its errors."""
        device = features.device
        own = features[torch.from_numpy(lessons.cube).to(device)]
        points, is_in = torch.from_numpy(lessons.points).to(device), torch.from_numpy(lessons.is_in).to(device)
        given = torch.from_numpy(lessons.shown).to(device)[:, None]
        has_mask = given.flatten(1).any(dim=1)[:, None, None, None, None]
        shown = torch.where(has_mask, given, self.network.prompt_encoder.without_mask(points, is_in))
        found: list[tuple[Tensor, Tensor]] = []
        for _ in range(rounds.n):
            if found:
                shown = found[-1][0].detach()[:, None]
                at, side = worst_errors(shown[:, 0], target, rounds.rng)
                spared = torch.from_numpy(rounds.rng.random(len(side)) >= rounds.correction).to(device)
                step = lessons.labels.shape[-1] // target.shape[-1]
                points = torch.cat([points, at[:, None] * step + (step - 1) / 2], dim=1)
                is_in = torch.cat([is_in, side.masked_fill(spared, -1)[:, None]], dim=1)
            at_once = MOST_ON_CPU if device.type == "cpu" else len(own)
            each = [torch.split(t, at_once) for t in (own, points, is_in, shown)]
            answers = [self.network.ask(*part) for part in zip(*each, strict=True)]
            logits, iou = (torch.cat(part) for part in zip(*answers, strict=True))
            found.append((logits[:, 0], iou[:, 0]))
        return found


def true_masks(lessons: Lessons, labels: Tensor) -> Tensor:
    """The true mask of each object as numbers, (p, n, n, n); empty for clicks on background."""
    label = torch.from_numpy(lessons.label).to(labels.device)
    own = labels[torch.from_numpy(lessons.cube).to(labels.device)]
    return ((own == label[:, None, None, None]) & (label > 0)[:, None, None, None]).float()


@torch.no_grad()
def worst_errors(logits: Tensor, target: Tensor, rng: np.random.Generator) -> tuple[Tensor, Tensor]:
    """A place (p, 3) deep in an error of each mask, in voxels of the logits; and whether the object is there: 1 or 0.

    -1 where nothing is wrong.
    """
    wrong = (logits > 0) != (target > 0.5)
    depth = functional.avg_pool3d(wrong[:, None].float(), 3, 1, 1)[:, 0]
    noise = torch.from_numpy(rng.random(wrong.shape, dtype=np.float32)).to(logits.device)
    best = torch.where(wrong, depth + 0.1 * noise, -1.0).flatten(1).argmax(dim=1)
    l_px = logits.shape[-1]
    at = torch.stack([best // l_px**2, best // l_px % l_px, best % l_px], dim=1).float()
    is_there = target.flatten(1).gather(1, best[:, None])[:, 0] > 0.5
    is_wrong = wrong.flatten(1).any(dim=1)
    return at, torch.where(is_wrong, is_there.long(), -1)
