"""Attention in a window that is mostly empty, at the cost of its filled corner alone; exact.

Blocks with windows fill the grid of tokens up with zeros, and nothing hides these from attention: after the projection
each of them is the bias, the same key and the same value everywhere. Only their position biases differ, and these
are sums of terms that depend on few indices each. So all empty places together act like one more key: its value is the
bias of the values, its logit that of the key bias plus the logarithm of the summed exponentials of the position biases.
A window of 14³ around a grid of 8³ shrinks from 2744 keys and queries to 512 queries and 513 keys.

Legend: indices as in `encoder.mixed_bias`; g filled and w all tokens along an axis.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from samtrack.models.sammed3d.layers import split

Three = tuple[Tensor, Tensor, Tensor]


def folded_attention(filled: Three, rest: Three, tables: Three, g: int) -> Tensor:
    """What the filled tokens see: (b, n, g³, c).

    ``filled``: their queries, keys and values (b, n, g³, c); ``rest``: those of an empty place, (n, 1, c); ``tables``: of
    position biases, (w, w, c) as (query, key, c).
    """
    q, k, v = filled
    q_rest, k_rest, v_rest = rest
    along_d, along_h, along_w = (table.to(q.dtype) for table in tables)
    grid = split(q, 2, (g, g, g))
    first = torch.einsum("Bnabcx,akx->Bnabck", grid, along_d[:g])
    second = torch.einsum("Bnabix,bkx->Bnabik", grid, along_h[:g])
    third = torch.einsum("Bnabjx,jkx->Bnabjk", grid, along_w[:g])
    one = math.sqrt(q.shape[-1])
    empty = q @ k_rest.transpose(-1, -2) / one + _log_weight(first, second, third, q_rest, (along_h, along_w))
    shared = second[..., :g][:, :, :, :, :, None, :] + third[..., :g][:, :, :, :, None, :, :]
    bias = (first[..., :g][:, :, :, :, :, None, None, :] + shared[:, :, :, :, None]).flatten(5, 7).flatten(2, 4)
    # the empty places' key is zero and their whole logit stands in the bias
    keys = torch.cat([k, torch.zeros_like(k[:, :, :1])], dim=2)
    values = torch.cat([v, v_rest.expand(len(v), -1, -1, -1)], dim=2)
    return scaled_dot_product_attention(q, keys, values, attn_mask=torch.cat([bias, empty.to(bias.dtype)], dim=-1))


def _log_weight(first: Tensor, second: Tensor, third: Tensor, q_rest: Tensor, tables: tuple[Tensor, Tensor]) -> Tensor:
    """Logarithm of the summed exponentials of the position biases of all empty places, for each query: (b, n, g³, 1)."""
    along_h, along_w = tables
    g, w = second.shape[-2], second.shape[-1]
    query = q_rest[:, 0].float()
    # sums over i and j of the filled places, and of those beyond, where the query is that of an empty place
    in_i, in_j = second.float().logsumexp(-2), third.float().logsumexp(-2)  # B n a b k
    beyond_i = torch.einsum("nx,bkx->nbk", query, along_h[:g].float()) + math.log(w - g)
    beyond_j = torch.einsum("nx,jkx->njk", query, along_w[g:].float()).logsumexp(-2)
    beyond_i, beyond_j = beyond_i[None, :, None], beyond_j[None, :, None, None]
    all_i, all_j = torch.logaddexp(in_i, beyond_i), torch.logaddexp(in_j, beyond_j)
    # k of a filled place: at least one of i and j lies beyond; k beyond: any i and j
    some = torch.logaddexp(beyond_i + all_j, in_i + beyond_j)
    reached = torch.cat([some[..., :g], (all_i + all_j)[..., g:]], dim=-1)
    total = (first.float() + reached[:, :, :, :, None]).logsumexp(-1)  # B n a b c
    return total.flatten(2)[..., None]
