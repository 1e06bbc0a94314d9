"""What a SAM-Med3D network is told about its masks: Dice and cross entropy, and how well it expects them to fit.

Targets are shares of a voxel of the logits (0 to 1), so that rims finer than the logits are learnt.

Legend: p objects, l side of logits, n side of a tile.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from samtrack.config.train_sammed3d import Mask3DLossWeights

SMOOTH = 1.0
"""Voxels added to both sides of the Dice coefficient, so that empty masks have one."""


def mask_losses(logits: Tensor, iou: Tensor, target: Tensor, weights: Mask3DLossWeights) -> dict[str, Tensor]:
    """The weighted terms, each a mean over objects; ``logits`` and ``target`` (p, l, l, l), ``iou`` (p,).

    Squares in the Dice coefficient's denominator: it is best where probability and share agree.
    """
    logits = logits.float()
    probability = torch.sigmoid(logits)
    over = (1, 2, 3)
    both = (probability * target).sum(dim=over)
    dice = 1 - (2 * both + SMOOTH) / (probability.square().sum(dim=over) + target.square().sum(dim=over) + SMOOTH)
    wrong = functional.binary_cross_entropy_with_logits(logits, target)
    off = (iou.float() - rough_iou(logits, target)).abs()
    return {
        "dice": weights.dice * dice.mean(),
        "cross_entropy": weights.cross_entropy * wrong,
        "iou": weights.iou * off.mean(),
    }


@torch.no_grad()
def rough_iou(logits: Tensor, target: Tensor) -> Tensor:
    """IoU (p,) at the resolution of the logits; 0 where both are empty."""
    drawn, true = logits > 0, target > 0.5
    both = (drawn & true).flatten(1).sum(dim=1).float()
    return both / (drawn | true).flatten(1).sum(dim=1).clamp(min=1)


@torch.no_grad()
def full_iou(logits: Tensor, truth: Tensor) -> Tensor:
    """IoU (p,) with true masks (p, n, n, n) after logits are enlarged, as they are when masks are drawn."""
    whole = functional.interpolate(logits.float()[:, None], size=truth.shape[1:], mode="trilinear")[:, 0]
    return rough_iou(whole, truth.float())


def outline_losses(guess: Tensor, labels: Tensor) -> Tensor:
    """What the encoder alone should see: ``guess`` (b, 2, l, l, l), logits of "cell" and "rim"; ``labels`` (b, n, n, n)."""
    padded = functional.pad(labels[:, None].float(), (1,) * 6, mode="replicate")
    highest = functional.max_pool3d(padded, 3, stride=1)
    lowest = -functional.max_pool3d(-padded, 3, stride=1)
    is_cell = (labels > 0)[:, None]
    is_rim = (highest != lowest) & is_cell
    step = labels.shape[-1] // guess.shape[-1]
    shares = functional.avg_pool3d(torch.cat([is_cell, is_rim], dim=1).float(), step)
    return functional.binary_cross_entropy_with_logits(guess.float(), shares)
