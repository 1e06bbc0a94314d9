"""What runs share: the rate rises and falls, vectors do not decay, the mean follows."""

import pytest
import torch
from torch import nn

from samtrack.config.train_loop import LoopSettings
from samtrack.errors import SettingsError
from samtrack.train.loop import Learner, agreed, follow, freeze, groups, rate_at


def test_the_rate_rises_in_a_line_and_falls_along_a_cosine():
    plan = LoopSettings(steps=110, warmup=10, rate=1.0, last_rate=0.1)
    assert [rate_at(i, plan) for i in (0, 4, 9, 10)] == pytest.approx([0.1, 0.5, 1.0, 1.0])
    assert rate_at(60, plan) == pytest.approx(0.55)
    assert rate_at(110, plan) == pytest.approx(0.1)


def test_only_matrices_decay():
    matrices, vectors = groups(nn.Sequential(nn.Linear(2, 3), nn.LayerNorm(3)), 0.05)
    assert [p.dim() for p in matrices["params"]] == [2]
    assert len(vectors["params"]) == 3
    assert vectors["weight_decay"] == 0


def test_unknown_parts_cannot_rest():
    with pytest.raises(SettingsError, match="no part 'x'"):
        freeze(nn.Sequential(nn.Linear(1, 1)), ["x"])


def test_the_mean_follows_fast_at_first():
    mean, network = nn.Linear(1, 1, bias=False), nn.Linear(1, 1, bias=False)
    nn.init.zeros_(mean.weight)
    nn.init.ones_(network.weight)
    follow(mean, network, 0.999, 1)
    assert mean.weight.item() == pytest.approx(10 / 11)


def test_gradients_add_up_to_one_step():
    network = nn.Linear(1, 1, bias=False)
    nn.init.ones_(network.weight)
    learner = Learner(network, network, LoopSettings(steps=10, warmup=0, clip_norm=100), torch.device("cpu"))
    for _ in range(2):
        learner.collect(3 * network.weight.sum())
    assert learner.take_step()[0] == pytest.approx(6)
    assert network.weight.item() < 1
    assert learner.step == 1


def test_alone_one_agrees_with_oneself():
    assert agreed(True, torch.device("cpu"))
    assert not agreed(False, torch.device("cpu"))
