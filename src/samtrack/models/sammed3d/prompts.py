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


class PromptEncoder(nn.Module):
    """Points to tokens, masks to a volume of vectors. Places count in voxels, in the order of the volume's axes."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        channels, between = sizes.channels, sizes.mask_channels
        self.image_px, self.grid = sizes.image_px, sizes.grid
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
        if masks is None:
            masks = none.new_zeros(1, 1, *(4 * self.grid,) * 3)
        return tokens, counts, self.mask_downscaling(masks)

    def places(self) -> Tensor:
        """The code of each token's place, (1, channels, g, g, g).

        Its first two axes are exchanged against those of points; the published weights were trained with that.
        """
        along = (torch.arange(self.grid, device=self.pe_layer.matrix.device) + 0.5) / self.grid
        first, second, third = torch.meshgrid(along, along, along, indexing="ij")
        coded = self.pe_layer(torch.stack([second, first, third], dim=-1))
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
