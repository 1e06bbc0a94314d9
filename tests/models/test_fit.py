"""Tensors that are not those of a network are told."""

import pytest
import torch
from torch import nn

from samtrack.errors import WeightsError
from samtrack.models.fit import require_fit, some


def test_tensors_that_fit():
    layer = nn.Linear(2, 3)
    require_fit(layer, layer.state_dict())


def test_all_that_is_wrong_is_said_at_once():
    with pytest.raises(
        WeightsError,
        match=r"Linear .*: 1 of 2 keys missing \(bias\), and 1 unexpected keys \(more\), and 1 wrong shapes",
    ):
        require_fit(nn.Linear(2, 3), {"weight": torch.zeros(1, 2), "more": torch.zeros(1)})


def test_many_names_are_cut():
    assert some("abcdef") == "a, b, c, d …"
