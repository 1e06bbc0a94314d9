"""Layers that several parts of the network are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm


class ChannelNorm(nn.Module):
    """Layer norm over the channels of a volume (b, c, z, y, x)."""

    EPS = 1e-6

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, x: Tensor) -> Tensor:
        """The normalised volume."""
        c = x.shape[1]
        return layer_norm(x.movedim(1, -1), (c,), self.weight, self.bias, self.EPS).movedim(-1, 1)


class Perceptron(nn.Module):
    """Two layers, widened between them."""

    def __init__(self, width: int, hidden: int, act: nn.Module) -> None:
        super().__init__()
        self.lin1 = nn.Linear(width, hidden)
        self.act = act
        self.lin2 = nn.Linear(hidden, width)

    def forward(self, x: Tensor) -> Tensor:
        """As many numbers."""
        out: Tensor = self.lin2(self.act(self.lin1(x)))
        return out


class Head(nn.Module):
    """Three layers from a token to numbers."""

    def __init__(self, width: int, hidden: int, out: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList([nn.Linear(width, hidden), nn.Linear(hidden, hidden), nn.Linear(hidden, out)])

    def forward(self, x: Tensor) -> Tensor:
        """The numbers."""
        first, second, last = self.layers
        out: Tensor = last(second(first(x).relu()).relu())
        return out


def split(x: Tensor, axis: int, sizes: tuple[int, ...]) -> Tensor:
    """An axis as several."""
    found: Tensor = torch.unflatten(x, axis, sizes)
    return found
