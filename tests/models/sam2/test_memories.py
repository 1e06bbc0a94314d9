"""Memories parted and joined are what they were."""

import pytest
import torch

from samtrack.models.sam2.memories import joined, some_of
from samtrack.models.sam2.network import Memory


@pytest.mark.parametrize("pointers", [True, False])
def test_parts_joined_are_the_whole(pointers):
    whole = Memory(
        torch.randn(5, 3, 2, 2), torch.randn(5, 4) if pointers else None, torch.randn(5, 1, 8, 8), given=True
    )
    back = joined([some_of(whole, slice(0, 2)), some_of(whole, slice(2, 2)), some_of(whole, slice(2, 5))])
    assert torch.equal(back.spatial, whole.spatial)
    assert torch.equal(back.logits, whole.logits)
    assert back.given
    assert (back.pointer is None) == (not pointers)
    if pointers:
        assert torch.equal(back.pointer, whole.pointer)
