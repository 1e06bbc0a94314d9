"""One pass of a batch of lessons through a network: what it predicts, and what that costs."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from samtrack.models.sam2.adapter import COLOUR_MEAN, COLOUR_SD
from samtrack.models.sam2.network import Features, Prediction, Sam2Network
from samtrack.train.sam2_batch import Lessons
from samtrack.train.sam2_losses import LossWeights, mask_losses, outline_losses

OUTLINE_WEIGHT = 1.0
"""Weight of what the encoder alone is to see, against the terms of the masks."""

SEGMENT_WEIGHT = 0.5
"""Weight of masks from points: less than that of carrying, which is what the network is for."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Losses by name, and the predictions of each later frame, then of the points."""

    losses: dict[str, Tensor]
    carried: list[Prediction]
    pointed: Prediction | None

    @property
    def total(self) -> Tensor:
        """The sum that is minimised."""
        return torch.stack(list(self.losses.values())).sum()


class Outlines(nn.Module):
    """Logits of "cell" and "rim" (b, 2, 4h, 4w) from all maps of the encoder, each read by itself and added up."""

    def __init__(self, network: Sam2Network) -> None:
        super().__init__()
        decoder = network.model.mask_decoder
        widths = (network.width, decoder.conv_s1.out_channels, decoder.conv_s0.out_channels)
        self.readers = nn.ModuleList(nn.Conv2d(width, 2, 1) for width in widths)

    def forward(self, features: Features) -> Tensor:
        """The sum of what each map says."""
        size = features.fine.shape[-2:]
        said = [reader(seen) for reader, seen in zip(self.readers, features.maps, strict=True)]
        return torch.stack([functional.interpolate(s, size=size, mode="bilinear") for s in said]).sum(dim=0)


class Student(nn.Module):
    """A network with the head that shows outlines while it learns; the head is thrown away afterwards."""

    def __init__(self, network: Sam2Network, has_outlines: bool) -> None:
        super().__init__()
        self.network = network
        self.outlines = Outlines(network) if has_outlines else None

    def forward(self, lessons: Lessons, weights: LossWeights, points: bool) -> Pass:
        """All losses of a batch."""
        device = next(self.parameters()).device
        images = torch.from_numpy(lessons.images).to(device)
        features = [self._encode(frame) for frame in images]
        losses: dict[str, Tensor] = {}
        if self.outlines is not None:
            labels = torch.from_numpy(lessons.labels).to(device)
            seen = [outline_losses(self.outlines(f), truth) for f, truth in zip(features, labels, strict=True)]
            losses["outlines"] = OUTLINE_WEIGHT * torch.stack(seen).mean()
        if len(lessons) == 0:
            unseen = torch.stack([f.coarse.sum() for f in features]).sum() * 0.0
            return Pass(losses | {"nothing": unseen}, [], None)
        return self._masks(lessons, features, losses, weights, points)

    def _masks(
        self, lessons: Lessons, features: list[Features], losses: dict[str, Tensor], weights: LossWeights, points: bool
    ) -> Pass:
        device, network = features[0].coarse.device, self.network
        side = lessons.target.shape[-1] // 4
        clip = torch.from_numpy(lessons.clip).to(device)
        windows = [
            windows_of(f, clip, torch.from_numpy(corner).to(device), side)
            for f, corner in zip(features, lessons.corner, strict=True)
        ]
        memories = [network.remember(windows[0], torch.from_numpy(lessons.shown).to(device))]
        carried = []
        target, present = (torch.from_numpy(a).to(device) for a in (lessons.target, lessons.present))
        for t, window in enumerate(windows[1:]):
            known = [(t + 1 - i, memory) for i, memory in enumerate(memories)]
            seen = network.carry(window, known)
            carried.append(seen)
            for name, loss in mask_losses(seen, target[t], present[t], weights).items():
                losses[name] = losses.get(name, torch.zeros((), device=device)) + loss / (len(windows) - 1)
            if t + 2 < len(windows):
                memories.append(network.remember_guess(window, seen))
        pointed = None
        if points:
            places, is_in, truth = (
                torch.from_numpy(a).to(device) for a in (lessons.points, lessons.is_in, lessons.segment)
            )
            pointed = network.from_points(windows[0], places, is_in)
            there = truth.flatten(1).any(dim=1)
            of_points = mask_losses(pointed, truth, there, weights)
            losses |= {f"points_{name}": SEGMENT_WEIGHT * loss for name, loss in of_points.items()}
        return Pass(losses, carried, pointed)

    def _encode(self, grey: Tensor) -> Features:
        mean, sd = (torch.tensor(c, device=grey.device)[:, None, None] for c in (COLOUR_MEAN, COLOUR_SD))
        return self.network.encode((grey[:, None] - mean) / sd)


def windows_of(features: Features, clip: Tensor, corner: Tensor, side: int) -> Features:
    """The features (n, channels, w·f, w·f) of each lesson's clip in its window."""
    found = []
    for whole, factor in zip(features.maps, (1, 2, 4), strict=True):
        _, channels, height, width = whole.shape
        step = torch.arange(side * factor, device=whole.device)
        rows, columns = corner[:, 0, None] * factor + step, corner[:, 1, None] * factor + step
        place = (clip[:, None, None] * height + rows[:, :, None]) * width + columns[:, None, :]
        # one row of channels per place: its gradient is a sum over rows, not a scattered write per channel
        picked = whole.permute(0, 2, 3, 1).reshape(-1, channels).index_select(0, place.reshape(-1))
        found.append(picked.reshape(*place.shape, channels).permute(0, 3, 1, 2))
    return Features(*found)
