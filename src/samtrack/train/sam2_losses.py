"""What a SAM 2 network is told about its masks: focal and dice loss, its own expected IoU, and whether the cell is there.

Masks count only where the cell is present; what is drawn of an absent cell is nobody's concern. Targets are shares of a
sample (0 to 1), so that rims finer than the logits are learnt.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from samtrack.models.sam2.network import Prediction

FOCUS = 2.0
"""Exponent of the focal loss: samples that are nearly right count with the square of their error."""


@dataclass(frozen=True, slots=True)
class LossWeights:
    """Weights of the terms, as SAM 2 was trained with."""

    focal: float = 20.0
    dice: float = 1.0
    iou: float = 1.0
    present: float = 1.0


def mask_losses(seen: Prediction, target: Tensor, present: Tensor, weights: LossWeights) -> dict[str, Tensor]:
    """The weighted terms, each a mean over cells; ``target`` (n, h, w) from 0 to 1, ``present`` (n,)."""
    logits = seen.logits.float()
    probability = torch.sigmoid(logits)
    here = present.float()
    n = here.sum().clamp(min=1)
    wrong = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    focal = ((target - probability).abs() ** FOCUS * wrong).mean(dim=(1, 2))
    both = (probability * target).sum(dim=(1, 2))
    dice = 1 - (2 * both + 1) / (probability.sum(dim=(1, 2)) + target.sum(dim=(1, 2)) + 1)
    off = (seen.iou.float() - true_iou(logits, target)).abs()
    object_loss = functional.binary_cross_entropy_with_logits(seen.object_logit.float(), here)
    return {
        "focal": weights.focal * (focal * here).sum() / n,
        "dice": weights.dice * (dice * here).sum() / n,
        "iou": weights.iou * (off * here).sum() / n,
        "present": weights.present * object_loss,
    }


@torch.no_grad()
def true_iou(logits: Tensor, target: Tensor) -> Tensor:
    """IoU of predicted and true masks, (n,); 0 where both are empty."""
    drawn, true = logits > 0, target > 0.5
    both = (drawn & true).sum(dim=(1, 2)).float()
    return both / (drawn | true).sum(dim=(1, 2)).clamp(min=1)


def outline_losses(guess: Tensor, labels: Tensor) -> Tensor:
    """What the encoder alone should see: cells and their rims, so that it learns from all pixels, not from prompts only.

    ``guess`` (b, 2, h, w) logits of "cell" and "rim"; ``labels`` (b, H, W) at a multiple of that size.
    """
    step = labels.shape[-1] // guess.shape[-1]
    small = labels[:, step // 2 :: step, step // 2 :: step]
    wide = functional.pad(small[:, None].float(), (1, 1, 1, 1), mode="replicate")
    highest = functional.max_pool2d(wide, 3, stride=1)
    lowest = -functional.max_pool2d(-wide, 3, stride=1)
    is_cell = (small > 0).float()
    is_rim = ((highest != lowest)[:, 0] & (small > 0)).float()
    return functional.binary_cross_entropy_with_logits(guess.float(), torch.stack([is_cell, is_rim], dim=1))
