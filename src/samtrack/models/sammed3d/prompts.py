"""The part of the network that is told: clicks and earlier masks to vectors.

Legend: p prompts, k points of each, g tokens along an axis.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from samtrack.models.sammed3d.layers import ChannelNorm
from samtrack.models.sammed3d.sizes import Sizes

NOTHING = -1
"""Label of a point that is none: it fills up the rows of prompts with fewer points than others."""


BALL_LOGIT = 6.0
"""Logit at the centre of a ball that is shown; as much below 0 from twice its radius on."""


class PromptEncoder(nn.Module):
    """Points to tokens, masks to a volume of vectors. Places count in voxels, in the order of the volume's axes."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        channels, between = sizes.channels, sizes.mask_channels
        self.image_px, self.grid, self.ball_px = sizes.image_px, sizes.grid, sizes.ball_px
        self.is_exchanged = sizes.is_exchanged
        self.pe_layer = _Places(channels // 3)
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, channels) for _ in range(2))
        self.not_a_point_embed = nn.Embedding(1, channels)
        self.no_mask_embed = nn.Embedding(1, channels)  # in every checkpoint, and never used
        self.mask_downscaling = nn.Sequential(
            nn.Conv3d(1, between // 4, 2, 2),
            ChannelNorm(between // 4),
            nn.GELU(),
            nn.Conv3d(between // 4, between, 2, 2),
            ChannelNorm(between),
            nn.GELU(),
            nn.Conv3d(between, channels, 1),
        )

    def forward(self, points: Tensor, is_in: Tensor, masks: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        """Tokens (p, k + 1, channels), which of them count (p, k + 1), and the dense prompt (p or 1, channels, g, g, g).

        ``points`` (p, k, 3) in voxels; ``is_in`` (p, k): 1 inside of the object, 0 outside, -1 no point; ``masks``
        (p, 1, 4g, 4g, 4g): earlier logits. No mask is a mask of zeros: so the published weights were trained.
        """
        at = self.pe_layer((points + 0.5) / self.image_px)
        away, on = (next(layer.parameters())[0] for layer in self.point_embeddings)
        is_on = (is_in == 1)[..., None]
        none = self.not_a_point_embed.weight[0]
        tokens = torch.cat([at + torch.where(is_on, on, away), none.expand(len(points), 1, -1)], dim=1)
        counts = torch.cat([is_in != NOTHING, is_in.new_ones(len(points), 1, dtype=torch.bool)], dim=1)
        return tokens, counts, self.mask_downscaling(self.without_mask(points, is_in) if masks is None else masks)

    def without_mask(self, points: Tensor, is_in: Tensor) -> Tensor:
        """What is shown where no mask is, (p or 1, 1, 4g, 4g, 4g): nothing, or balls at the clicks."""
        side, weight = 4 * self.grid, self.not_a_point_embed.weight
        if self.ball_px == 0:
            return weight.new_zeros(1, 1, side, side, side)
        return balls(points, is_in, self.ball_px / 2, (self.image_px, side))[:, None].to(weight.dtype)

    def places(self) -> Tensor:
        """The code of each token's place, (1, channels, g, g, g).

        In the published weights, its first two axes are exchanged against those of points.
        """
        along = (torch.arange(self.grid, device=self.pe_layer.matrix.device) + 0.5) / self.grid
        first, second, third = torch.meshgrid(along, along, along, indexing="ij")
        order = [second, first, third] if self.is_exchanged else [first, second, third]
        coded = self.pe_layer(torch.stack(order, dim=-1))
        return coded.permute(3, 0, 1, 2)[None]


class _Places(nn.Module):
    """Random waves of the place, fixed with the weights."""

    def __init__(self, waves: int) -> None:
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.zeros(3, waves))

    @property
    def matrix(self) -> Tensor:
        """Frequencies of the waves along each axis, (3, waves)."""
        found = self.positional_encoding_gaussian_matrix
        assert isinstance(found, Tensor)  # noqa: S101 - tells the type checker that a buffer is a tensor
        return found

    def forward(self, places: Tensor) -> Tensor:
        """Places (…, 3), each axis from 0 to 1, to (…, 3 waves); in single precision, since angles are large."""
        with torch.autocast(places.device.type, enabled=False):
            angle = 2 * math.pi * ((2 * places.float() - 1) @ self.matrix.float())
            return torch.cat([angle.sin(), angle.cos(), angle.sin()], dim=-1)


def balls(points: Tensor, is_in: Tensor, radius: float, sides: tuple[int, int]) -> Tensor:
    """Logits (p, l, l, l) of balls around points inside of objects, cut half-way to points outside of them.

    ``sides``: of the input and of the logits. Objects without a point inside have zeros.
    """
    image_px, side = sides
    along = (torch.arange(side, device=points.device) + 0.5) * (image_px / side) - 0.5
    near = {kind: points.new_full((len(points), side, side, side), torch.inf) for kind in (1, 0)}
    for k in range(points.shape[1]):
        z, y, x = ((along - points[:, k, axis, None]).square() for axis in range(3))
        far = (z[:, :, None, None] + y[:, None, :, None] + x[:, None, None, :]).sqrt()
        for kind, nearest in near.items():
            hidden = torch.where(is_in[:, k] == kind, 0.0, torch.inf)[:, None, None, None]
            torch.minimum(nearest, far + hidden, out=nearest)
    depth = torch.minimum(radius - near[1], (near[0] - near[1]) / 2)
    logits = (depth * (BALL_LOGIT / radius)).clamp(-BALL_LOGIT, BALL_LOGIT)
    return torch.where(near[1].isfinite(), logits, 0.0)
