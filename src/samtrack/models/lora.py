"""Adapting a frozen network by small additions to its projections (LoRA), and folding these into its weights again."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "linear1", "linear2", "proj_in", "proj_out")
"""Layers of SAM 2 that are adapted, by the last part of their names: attention and what follows it."""


class LoraLinear(nn.Module):
    """A linear layer that rests, plus the product of two thin matrices that learn; at first the sum is the layer itself."""

    def __init__(self, layer: nn.Linear, rank: int, alpha: float) -> None:
        super().__init__()
        self.layer = layer
        self.scale = alpha / rank
        self.lora_down = nn.Parameter(layer.weight.new_empty(rank, layer.in_features))
        self.lora_up = nn.Parameter(layer.weight.new_zeros(layer.out_features, rank))
        nn.init.kaiming_uniform_(self.lora_down, a=math.sqrt(5))

    def forward(self, x: Tensor) -> Tensor:
        """The layer's answer and the addition's."""
        seen: Tensor = self.layer(x)
        return seen + self.scale * nn.functional.linear(nn.functional.linear(x, self.lora_down), self.lora_up)

    @torch.no_grad()
    def folded(self) -> nn.Linear:
        """One linear layer that answers the same."""
        self.layer.weight += self.scale * (self.lora_up @ self.lora_down)
        return self.layer


def add_lora(
    model: nn.Module, parts: Sequence[str], rank: int, alpha: float, projections: Sequence[str] = PROJECTIONS
) -> int:
    """Put additions beside the projections of the named parts; returns how many."""
    found = []
    for name, module in model.named_modules():
        if any(name == part or name.startswith(part + ".") for part in parts):
            found += [
                (module, key, layer) for key, layer in module.named_children() if _is_adapted(key, layer, projections)
            ]
    for module, key, layer in found:
        setattr(module, key, LoraLinear(layer, rank, alpha))
    return len(found)


def fold_lora(model: nn.Module) -> None:
    """Turn a network with additions into a plain one with the same answers, in place."""
    for module in list(model.modules()):
        for key, layer in list(module.named_children()):
            if isinstance(layer, LoraLinear):
                setattr(module, key, layer.folded())


def _is_adapted(name: str, layer: nn.Module, projections: Sequence[str]) -> bool:
    return isinstance(layer, nn.Linear) and name in projections
