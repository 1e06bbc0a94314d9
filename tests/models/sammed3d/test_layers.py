"""Layers that several parts share."""

import torch

from samtrack.models.sammed3d.layers import ChannelNorm, Head, split


def test_channels_are_normalised_at_each_place():
    x = 3 + 5 * torch.randn(2, 16, 2, 3, 4)
    seen = ChannelNorm(16)(x)
    assert torch.allclose(seen.mean(1), torch.zeros(2, 2, 3, 4), atol=1e-5)
    assert torch.allclose(seen.var(1, unbiased=False), torch.ones(2, 2, 3, 4), atol=1e-3)


def test_a_head_has_three_layers():
    assert [tuple(layer.weight.shape) for layer in Head(8, 6, 2).layers] == [(6, 8), (6, 6), (2, 6)]


def test_split_is_a_view():
    assert split(torch.arange(6), 0, (2, 3)).tolist() == [[0, 1, 2], [3, 4, 5]]
