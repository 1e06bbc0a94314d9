"""Additions to frozen layers: nothing at first, folded without a trace in the answers."""

import torch

from samtrack.models.lora import LoraLinear, add_lora, fold_lora
from samtrack.testing.networks import small_network


def test_additions_begin_as_nothing_and_fold_exactly():
    torch.manual_seed(0)
    layer = torch.nn.Linear(6, 4)
    x = torch.randn(5, 6)
    plain = layer(x)
    adapted = LoraLinear(layer, rank=2, alpha=4.0)
    torch.testing.assert_close(adapted(x), plain)
    torch.nn.init.normal_(adapted.lora_up)
    changed = adapted(x)
    assert not torch.allclose(changed, plain)
    torch.testing.assert_close(adapted.folded()(x), changed)


def test_a_network_with_additions_answers_the_same_when_folded():
    network = small_network()
    n = add_lora(network.model, ["memory_attention"], 2, 4.0)
    assert n == 2 * 4 + 2
    for name, parameter in network.model.named_parameters():
        if "lora_up" in name:
            torch.nn.init.normal_(parameter, std=0.1)
    x = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        seen = network.encode(x)
        mask = torch.zeros(1, 64, 64)
        mask[:, 20:40, 20:40] = 1
        before = network.carry(seen, [(1, network.remember(seen, mask))]).logits
        fold_lora(network.model)
        after = network.carry(seen, [(1, network.remember(seen, mask))]).logits
    torch.testing.assert_close(before, after, atol=1e-4, rtol=1e-4)
