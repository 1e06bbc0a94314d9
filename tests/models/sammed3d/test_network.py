"""Seen once, asked often."""

import torch


def test_answers_have_four_voxels_per_token(small):
    with torch.inference_mode():
        features = small.see(torch.zeros(1, 1, 16, 16, 16))
        logits, iou = small.ask(features, torch.zeros(5, 1, 3), torch.ones(5, 1, dtype=torch.int64))
    assert features.shape == (1, 48, 4, 4, 4)
    assert (logits.shape, iou.shape) == ((5, 1, 16, 16, 16), (5, 1))
