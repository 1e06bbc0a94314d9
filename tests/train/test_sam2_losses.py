"""Losses: zero for what is right, blind to masks of absent cells."""

import torch

from samtrack.models.sam2.network import Prediction
from samtrack.train.sam2_losses import LossWeights, mask_losses, outline_losses, true_iou


def prediction(logits, object_logit, iou):
    n = len(logits)
    return Prediction(logits, torch.full((n,), object_logit), torch.full((n,), iou), torch.zeros(n, 4))


def square():
    target = torch.zeros(1, 8, 8)
    target[0, 2:5, 2:6] = 1
    return target


def test_a_perfect_prediction_costs_nothing():
    target = square()
    losses = mask_losses(prediction(40 * target - 20, 30.0, 1.0), target, torch.tensor([True]), LossWeights())
    assert sum(float(v) for v in losses.values()) < 1e-3


def test_each_fault_has_its_term():
    target, right = square(), 40 * square() - 20
    here, weights = torch.tensor([True]), LossWeights()
    wrong_mask = mask_losses(prediction(-right, 30.0, 0.0), target, here, weights)
    assert wrong_mask["focal"] > 10
    assert wrong_mask["dice"] > 0.9
    wrong_iou = mask_losses(prediction(right, 30.0, 0.25), target, here, weights)
    assert abs(float(wrong_iou["iou"]) - 0.75) < 1e-5
    told_absent = mask_losses(prediction(right, -5.0, 1.0), target, here, weights)
    assert told_absent["present"] > 4


def test_masks_of_absent_cells_are_nobodys_concern():
    target = torch.cat([square(), torch.zeros(1, 8, 8)])
    here = torch.tensor([True, False])
    losses = mask_losses(
        prediction(torch.cat([40 * square() - 20, torch.full((1, 8, 8), 9.0)]), 30.0, 1.0), target, here, LossWeights()
    )
    assert losses["focal"] < 1e-3
    assert losses["dice"] < 1e-3
    assert losses["present"] > 10


def test_iou_of_known_masks():
    drawn, target = torch.full((2, 4, 4), -1.0), torch.zeros(2, 4, 4)
    drawn[0, :2], target[0, 1:3] = 1.0, 1.0
    torch.testing.assert_close(true_iou(drawn, target), torch.tensor([4 / 12, 0.0]))


def test_outlines_are_wanted_where_labels_meet():
    labels = torch.zeros(1, 16, 16, dtype=torch.int64)
    labels[0, 4:12, 4:8], labels[0, 4:12, 8:12] = 1, 2
    small = labels[:, 1::2, 1::2]
    is_cell = (small > 0).float()
    guess = torch.stack([40 * is_cell - 20, 40 * is_cell - 20], dim=1)
    assert outline_losses(guess, labels) < 0.3
    blind = torch.stack([40 * is_cell - 20, torch.full_like(is_cell, -20.0)], dim=1)
    assert outline_losses(blind, labels) > outline_losses(guess, labels)
