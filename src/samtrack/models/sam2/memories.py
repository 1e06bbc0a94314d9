"""What is remembered of cells, parted and put together."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from samtrack.models.sam2.network import Memory


def some_of(memory: Memory, part: slice) -> Memory:
    """What is remembered of some of the cells."""
    pointer = None if memory.pointer is None else memory.pointer[part]
    return Memory(memory.spatial[part], pointer, memory.logits[part], memory.given)


def joined(parts: Sequence[Memory]) -> Memory:
    """What is remembered of several groups of cells, one after the other."""
    if len(parts) == 1:
        return parts[0]
    pointers = [p.pointer for p in parts if p.pointer is not None]
    spatial, logits = torch.cat([p.spatial for p in parts]), torch.cat([p.logits for p in parts])
    return Memory(spatial, torch.cat(pointers) if pointers else None, logits, parts[0].given)
