"""The part of the network that answers: features and prompts to masks.

Legend: p prompts, t tokens of each, v places of the grid, c channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

from samtrack.models.sammed3d.layers import ChannelNorm, Head, Perceptron, split
from samtrack.models.sammed3d.sizes import Sizes

MASKS = 4
"""Masks that the decoder gives: one for clear prompts, and three guesses of different size for an unclear one."""


class MaskDecoder(nn.Module):
    """Tokens that look at the volume and are looked at, then the volume at four times the resolution."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        c = sizes.channels
        self.transformer = _TwoWay(sizes)
        self.iou_token = nn.Embedding(1, c)
        self.mask_tokens = nn.Embedding(MASKS, c)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose3d(c, c // 4, 2, 2),
            ChannelNorm(c // 4),
            nn.GELU(),
            nn.ConvTranspose3d(c // 4, c // 8, 2, 2),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(Head(c, c, c // 8) for _ in range(MASKS))
        self.iou_prediction_head = Head(c, sizes.iou_width, MASKS)

    def forward(
        self, features: Tensor, places: Tensor, prompts: tuple[Tensor, Tensor, Tensor], multimask: bool
    ) -> tuple[Tensor, Tensor]:
        """Logits (p, m, 4g, 4g, 4g) and expected IoU (p, m) of one mask, or of the three guesses.

        ``features`` (p or 1, c, g, g, g): one volume may serve all prompts; ``prompts`` as the prompt encoder gives them.
        """
        tokens, counts, dense = prompts
        own = torch.cat([self.iou_token.weight, self.mask_tokens.weight])
        tokens = torch.cat([own.expand(len(tokens), -1, -1), tokens], dim=1)
        counts = torch.cat([counts.new_ones(len(counts), len(own)), counts], dim=1)
        volume = (features + dense).expand(len(tokens), -1, -1, -1, -1)
        grid = volume.shape[2:]
        seen, looked = self.transformer(tokens, counts, volume.flatten(2).mT, places.flatten(2).mT)
        chosen = range(1, MASKS) if multimask else range(1)
        up = self.output_upscaling(split(looked.mT, 2, tuple(grid))).flatten(2)
        heads = [self.output_hypernetworks_mlps[m](seen[:, 1 + m]) for m in chosen]
        logits = split(torch.stack(heads, dim=1) @ up, 2, tuple(4 * side for side in grid))
        return logits, self.iou_prediction_head(seen[:, 0])[:, list(chosen)]


class _TwoWay(nn.Module):
    """Layers in which tokens look at the volume and the volume at the tokens."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        self.layers = nn.ModuleList(_Layer(sizes, is_first=i == 0) for i in range(sizes.decoder_layers))
        self.final_attn_token_to_image = _Attention(sizes.channels, sizes.channels // 2, sizes.decoder_heads)
        self.norm_final_attn = nn.LayerNorm(sizes.channels)

    def forward(self, tokens: Tensor, counts: Tensor, volume: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """Tokens (p, t, c) and volume (p, v, c) after all layers."""
        queries, hidden = tokens, _hidden(counts)
        for layer in self.layers:
            queries, volume = layer(queries, volume, tokens, places, hidden)
        seen = self.final_attn_token_to_image(queries + tokens, volume + places, volume)
        return self.norm_final_attn(queries + seen), volume


class _Layer(nn.Module):
    """Tokens among themselves, tokens to volume, a perceptron, volume to tokens."""

    def __init__(self, sizes: Sizes, is_first: bool) -> None:
        super().__init__()
        c, heads = sizes.channels, sizes.decoder_heads
        self.is_first = is_first
        self.self_attn = _Attention(c, c, heads)
        self.norm1 = nn.LayerNorm(c)
        self.cross_attn_token_to_image = _Attention(c, c // 2, heads)
        self.norm2 = nn.LayerNorm(c)
        self.mlp = Perceptron(c, sizes.decoder_mlp, nn.ReLU())
        self.norm3 = nn.LayerNorm(c)
        self.norm4 = nn.LayerNorm(c)
        self.cross_attn_image_to_token = _Attention(c, c // 2, heads)

    def forward(
        self, queries: Tensor, volume: Tensor, tokens: Tensor, places: Tensor, hidden: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Both after this layer."""
        if self.is_first:
            queries = self.norm1(self.self_attn(queries, queries, queries, hidden))
        else:
            q = queries + tokens
            queries = self.norm1(queries + self.self_attn(q, q, queries, hidden))
        placed = volume + places
        queries = self.norm2(queries + self.cross_attn_token_to_image(queries + tokens, placed, volume))
        queries = self.norm3(queries + self.mlp(queries))
        seen = self.cross_attn_image_to_token(placed, queries + tokens, queries, hidden)
        return queries, self.norm4(volume + seen)


class _Attention(nn.Module):
    """Attention whose inner width may be smaller than that of its tokens."""

    def __init__(self, width: int, inner: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.q_proj = nn.Linear(width, inner)
        self.k_proj = nn.Linear(width, inner)
        self.v_proj = nn.Linear(width, inner)
        self.out_proj = nn.Linear(inner, width)

    def forward(self, q: Tensor, k: Tensor, v: Tensor, hidden: Tensor | None = None) -> Tensor:
        """What each of q (p, t, width) takes from the others; ``hidden`` (p, 1, 1, t) is added to the logits."""
        q, k, v = self._split(self.q_proj(q)), self._split(self.k_proj(k)), self._split(self.v_proj(v))
        mask = None if hidden is None else hidden.to(q.dtype)
        seen = scaled_dot_product_attention(q, k, v, attn_mask=mask)
        out: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return out

    def _split(self, x: Tensor) -> Tensor:
        return split(x, 2, (self.heads, -1)).transpose(1, 2)


def _hidden(counts: Tensor) -> Tensor | None:
    """What hides tokens that do not count: minus infinity; None where all do."""
    if bool(counts.all()):
        return None
    hidden = torch.zeros(counts.shape, device=counts.device).masked_fill(~counts, -torch.inf)
    return hidden[:, None, None, :]
