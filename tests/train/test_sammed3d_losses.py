"""Losses: least where mask and truth agree, as much for small cells as for large ones, defined for empty masks."""

import pytest
import torch

from samtrack.config.train_sammed3d import Mask3DLossWeights
from samtrack.train.sammed3d_losses import full_iou, mask_losses, outline_losses, rough_iou

WEIGHTS = Mask3DLossWeights()


def ball(radius, side=16):
    grid = torch.stack(torch.meshgrid(*[torch.arange(side) + 0.5] * 3, indexing="ij"))
    return (((grid - side / 2) ** 2).sum(dim=0) < radius**2).float()[None]


def losses(logits, target, iou=0.5):
    found = mask_losses(logits, torch.full((len(logits),), iou), target, WEIGHTS)
    return {name: float(value) for name, value in found.items()}


def test_a_right_mask_costs_little_and_a_wrong_one_much():
    target = ball(5)
    right, wrong = losses(20 * target - 10, target, 1.0), losses(10 - 20 * target, target, 1.0)
    assert right["dice"] < 0.01
    assert right["iou"] == pytest.approx(0)
    assert wrong["dice"] > 0.9
    assert wrong["cross_entropy"] > 100 * right["cross_entropy"]


def test_soft_targets_are_best_met_by_their_own_shares():
    target = ball(5) * 0.6
    best = losses(torch.logit(target.clamp(1e-4, 1 - 1e-4)), target)
    harder = losses(20 * (target > 0).float() - 10, target)
    assert best["dice"] + best["cross_entropy"] < harder["dice"] + harder["cross_entropy"]


def test_empty_targets_want_empty_masks():
    none = torch.zeros(1, 16, 16, 16)
    assert losses(none - 10, none)["dice"] < 0.01
    assert losses(20 * ball(4) - 10, none)["dice"] > 0.9


def test_iou_at_the_resolution_of_masks():
    truth = ball(10, 32)
    small = torch.nn.functional.avg_pool3d(truth[:, None], 2)[:, 0]
    assert float(full_iou(small - 0.5, truth)[0]) > 0.9
    assert float(rough_iou(small - 0.5, small)[0]) == 1


def test_outlines_tell_touching_cells_apart():
    labels = torch.zeros(1, 16, 16, 16, dtype=torch.int16)
    labels[:, 4:12, 4:12, 2:8] = 1
    labels[:, 4:12, 4:12, 8:14] = 2
    flat = torch.zeros(1, 2, 8, 8, 8)
    informed = flat.clone()
    informed[:, 0] = -5
    informed[:, 0, 2:6, 2:6, 1:7] = 5
    informed[:, 1] = -5
    informed[:, 1, 2:6, 2:6, 3:5] = 1.0
    assert float(outline_losses(informed, labels)) < 0.5 * float(outline_losses(flat, labels))
