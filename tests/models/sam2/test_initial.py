"""First weights: signals keep their size, and the seed decides."""

import torch

from samtrack.models.sam2.initial import redraw
from samtrack.testing.networks import small_network


def spread_of_logits(network):
    with torch.no_grad():
        seen = network.encode(torch.randn(1, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
        mask = torch.zeros(1, 64, 64)
        mask[:, 20:40, 20:40] = 1
        return float(network.carry(seen, [(1, network.remember(seen, mask))]).logits.std())


def test_redrawn_weights_give_wider_logits_and_follow_the_seed():
    narrow, wide, same, other = (small_network() for _ in range(4))
    redraw(wide.model, 1)
    redraw(same.model, 1)
    redraw(other.model, 2)
    assert spread_of_logits(wide) > 3 * spread_of_logits(narrow)
    assert spread_of_logits(wide) == spread_of_logits(same) != spread_of_logits(other)
