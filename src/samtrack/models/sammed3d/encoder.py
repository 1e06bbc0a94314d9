"""The part of the network that sees: a volume to one vector per patch.

Legend: b volumes, g tokens along an axis, w side of a window in tokens, n heads, c numbers of a head.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, scaled_dot_product_attention

from samtrack.models.sammed3d.folding import folded_attention
from samtrack.models.sammed3d.layers import ChannelNorm, Perceptron, split
from samtrack.models.sammed3d.sizes import Sizes

NORM_EPS = 1e-6
"""Of the encoder's norms, as the published weights were trained with."""


class Encoder(nn.Module):
    """A vision transformer over the patches of a volume, with windows in most of its blocks."""

    def __init__(self, sizes: Sizes) -> None:
        super().__init__()
        grid, width, channels = sizes.grid, sizes.width, sizes.channels
        self.patch_embed = _Patches(sizes.patch_px, width)
        self.pos_embed = nn.Parameter(torch.zeros(1, grid, grid, grid, width))
        self.blocks = nn.ModuleList(_Block(width, sizes.heads, window, grid) for window in sizes.windows)
        self.neck = nn.Sequential(
            nn.Conv3d(width, channels, 1, bias=False),
            ChannelNorm(channels),
            nn.Conv3d(channels, channels, 3, padding=1, bias=False),
            ChannelNorm(channels),
        )

    def forward(self, volumes: Tensor, folds: bool = True) -> Tensor:
        """Volumes (b, 1, z, y, x) to features (b, channels, g, g, g); ``folds`` takes the short way through windows."""
        tokens = self.patch_embed(volumes) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens, folds)
        features: Tensor = self.neck(tokens.permute(0, 4, 1, 2, 3))
        return features


class _Patches(nn.Module):
    """Each patch of voxels as one vector."""

    def __init__(self, side: int, width: int) -> None:
        super().__init__()
        self.proj = nn.Conv3d(1, width, side, side)

    def forward(self, volumes: Tensor) -> Tensor:
        """(b, 1, z, y, x) to (b, g, g, g, width)."""
        seen: Tensor = self.proj(volumes)
        return seen.permute(0, 2, 3, 4, 1)


class _Block(nn.Module):
    """Attention, in windows or over all tokens, and what follows it."""

    def __init__(self, width: int, heads: int, window: int, grid: int) -> None:
        super().__init__()
        self.window = window
        self.norm1 = nn.LayerNorm(width, eps=NORM_EPS)
        self.attn = _Attention(width, heads, window or grid)
        self.norm2 = nn.LayerNorm(width, eps=NORM_EPS)
        self.mlp = Perceptron(width, 4 * width, nn.GELU())

    def forward(self, tokens: Tensor, folds: bool) -> Tensor:
        """Tokens (b, g, g, g, width) to as many."""
        seen = self.norm1(tokens)
        grid = tokens.shape[1]
        if not self.window or self.window == grid:
            seen = self.attn(seen)
        elif self.window > grid and folds:
            seen = self.attn.folded(seen)
        else:
            windows, n = _cut(seen, self.window)
            seen = _joined(self.attn(windows), n, grid)
        tokens = tokens + seen
        after: Tensor = tokens + self.mlp(self.norm2(tokens))
        return after


class _Attention(nn.Module):
    """Attention between the tokens of a cube of ``side``, with biases by distance."""

    def __init__(self, width: int, heads: int, side: int) -> None:
        super().__init__()
        self.heads = heads
        self.side = side
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)
        c = width // heads
        self.rel_pos_d = nn.Parameter(torch.zeros(2 * side - 1, c))
        self.rel_pos_h = nn.Parameter(torch.zeros(2 * side - 1, c))
        self.rel_pos_w = nn.Parameter(torch.zeros(2 * side - 1, c))

    def forward(self, tokens: Tensor) -> Tensor:
        """Tokens (b, w, w, w, width) of whole cubes."""
        b, side = tokens.shape[0], tokens.shape[1]
        q, k, v = self._projected(tokens)
        bias = mixed_bias(split(q, 2, (side, side, side)), *self.tables())
        seen = scaled_dot_product_attention(q, k, v, attn_mask=bias.to(q.dtype))
        return self._out(seen, b, side)

    def folded(self, tokens: Tensor) -> Tensor:
        """The same for a corner (b, g, g, g, width) of a cube of which the rest is zero, without the rest."""
        b, side = tokens.shape[0], tokens.shape[1]
        q, k, v = self._projected(tokens)
        q_rest, k_rest, v_rest = split(self.qkv.bias, 0, (3, self.heads, 1, -1)).to(q.dtype).unbind(0)
        seen = folded_attention((q, k, v), (q_rest, k_rest, v_rest), self.tables(), side)
        return self._out(seen, b, side)

    def tables(self) -> tuple[Tensor, Tensor, Tensor]:
        """The three tables of biases, looked up as (query, key, c)."""
        place = torch.arange(self.side, device=self.rel_pos_d.device)
        between = place[:, None] - place[None, :] + self.side - 1
        return self.rel_pos_d[between], self.rel_pos_h[between], self.rel_pos_w[between]

    def _projected(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Queries, keys and values, each (b, n, tokens, c)."""
        qkv: Tensor = self.qkv(tokens.flatten(1, 3))
        q, k, v = split(qkv, 2, (3, self.heads, -1)).permute(2, 0, 3, 1, 4).unbind(0)
        return q, k, v

    def _out(self, seen: Tensor, b: int, side: int) -> Tensor:
        out: Tensor = self.proj(seen.transpose(1, 2).flatten(2))
        return out.view(b, side, side, side, -1)


def mixed_bias(q: Tensor, along_d: Tensor, along_h: Tensor, along_w: Tensor) -> Tensor:
    """The bias of each query and key, (b, n, w³, w³), for queries (b, n, w, w, w, c) and tables (query, key, c).

    The published weights were trained with axes mixed up, so the same is done here: the logit of query (a, b, c) and key
    (i, j, k) gets q[a,b,c]·D[a,k] + q[a,b,i]·H[b,k] + q[a,b,j]·W[j,k].
    """
    first, second, third = bias_terms(q, along_d, along_h, along_w)
    shared = second[:, :, :, :, :, None, :] + third[:, :, :, :, None, :, :]  # a b i j k: the same for all c
    whole = first[:, :, :, :, :, None, None, :] + shared[:, :, :, :, None]
    return whole.flatten(5, 7).flatten(2, 4)


def bias_terms(q: Tensor, along_d: Tensor, along_h: Tensor, along_w: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The three terms, with axes a b c k, a b i k and a b j k after those of volume and head."""
    first = torch.einsum("Bnabcx,akx->Bnabck", q, along_d.to(q.dtype))
    second = torch.einsum("Bnabix,bkx->Bnabik", q, along_h.to(q.dtype))
    third = torch.einsum("Bnabjx,jkx->Bnabjk", q, along_w.to(q.dtype))
    return first, second, third


def _cut(tokens: Tensor, window: int) -> tuple[Tensor, int]:
    """Tokens (b, g, g, g, width) as windows (b n³, w, w, w, width), filled up with zeros; and n."""
    grid = tokens.shape[1]
    n = -(-grid // window)
    missing = n * window - grid
    padded = pad(tokens, (0, 0, 0, missing, 0, missing, 0, missing))
    cut = split(split(split(padded, 3, (n, window)), 2, (n, window)), 1, (n, window))
    return cut.permute(0, 1, 3, 5, 2, 4, 6, 7).flatten(0, 3), n


def _joined(windows: Tensor, n: int, grid: int) -> Tensor:
    """The tokens (b, g, g, g, width) of windows, without what filled them up."""
    cut = split(windows, 0, (-1, n, n, n)).permute(0, 1, 4, 2, 5, 3, 6, 7)
    whole = cut.flatten(5, 6).flatten(3, 4).flatten(1, 2)
    return whole[:, :grid, :grid, :grid]
