"""Where a token is, for windows that are smaller than the picture a network was made for.

SAM 2 knows positions in three ways: rotary angles in memory attention, which only see differences, and two tables, one of
sines and one of random waves, which see absolute places. A window is given the middle of each table, so that neighbouring
tokens differ as they did in training; a window as large as the table sees all of it, as the library does.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

MOST_REMEMBERED = 32
"""Tables that are kept: three levels for each of a few sizes of tiles and batches."""


def middle(table: Tensor, side: int) -> Tensor:
    """The middle ``side`` x ``side`` part of a table (..., h, w); windows larger than the table are refused."""
    height, width = table.shape[-2:]
    if side > min(height, width):
        raise ValueError(f"a window of {side} tokens does not fit a table of {height} x {width}")
    top, left = (height - side) // 2, (width - side) // 2
    return table[..., top : top + side, left : left + side]


def rotations(side: int, dim: int, theta: float, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines of the rotary angles of a ``side`` x ``side`` grid, row by row, each (1, tokens, dim)."""
    quarter = torch.arange(0, dim // 2, 2, dtype=torch.float32, device=device) / (dim // 2)
    speed = theta**-quarter
    step = torch.arange(side, dtype=torch.float32, device=device)
    x, y = step.repeat(side), step.repeat_interleave(side)
    angle = torch.cat([x[:, None] * speed, y[:, None] * speed], dim=-1).repeat_interleave(2, dim=-1)
    return angle.cos()[None], angle.sin()[None]


def waves_of(offsets: Tensor, dim: int) -> Tensor:
    """Sines and cosines of time offsets (n,), as (n, dim)."""
    half = dim // 2
    rate = 10000.0 ** (2 * torch.div(torch.arange(half, device=offsets.device), 2, rounding_mode="floor") / half)
    angle = offsets[:, None].float() / rate
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


class Remembered(nn.Module):
    """A table of positions that is made once per shape: the library makes it anew, level by level, for every picture.

    Measured on the network that ships: a sixth of the time of the encoder.
    """

    def __init__(self, table: Any) -> None:
        super().__init__()
        self._made: dict[Any, Tensor] = {}
        self._table = [table]  # in a list, so that it is no part of this module and of its weights

    def forward(self, shape: Any, device: Any, dtype: torch.dtype, mask: Any = None) -> Tensor:
        """The table for a shape (n, channels, h, w); it must not be changed."""
        key = tuple(shape), str(device), dtype
        if mask is not None or key not in self._made:
            table: Tensor = self._table[0](shape, device, dtype, mask)
            if mask is not None:
                return table
            if len(self._made) >= MOST_REMEMBERED:
                self._made.pop(next(iter(self._made)))
            self._made[key] = table
        return self._made[key]
