"""The short way through a window gives what the long way gives."""

import pytest
import torch

from samtrack.models.sammed3d.encoder import _Attention, _cut, _joined


@pytest.fixture
def attention() -> _Attention:
    torch.manual_seed(1)
    made = _Attention(width=12, heads=3, side=5).double()
    for parameter in made.parameters():
        torch.nn.init.normal_(parameter, std=0.7)
    return made


def plainly(attention, tokens):
    windows, n = _cut(tokens, attention.side)
    return _joined(attention(windows), n, tokens.shape[1])


@pytest.mark.parametrize("grid", [1, 2, 4])
def test_equal_to_rounding_in_double_precision(attention, grid):
    tokens = torch.randn(2, grid, grid, grid, 12, dtype=torch.float64)
    with torch.inference_mode():
        got, expected = attention.folded(tokens), plainly(attention, tokens)
    assert float((got - expected).abs().max()) < 1e-5 * float(
        expected.abs().max()
    )  # logarithms are in single precision


def test_empty_places_matter(attention):
    tokens = torch.randn(1, 3, 3, 3, 12, dtype=torch.float64)
    without = _Attention(12, 3, 3).double()
    own = attention.state_dict()
    place = slice(attention.side - 3, attention.side + 2)
    without.load_state_dict({k: v[place] if k.startswith("rel_pos") else v for k, v in own.items()})
    with torch.inference_mode():
        assert float((without(tokens) - plainly(attention, tokens)).abs().max()) > 0.01


def test_large_logits_do_not_overflow(attention):
    tokens = 40 * torch.randn(1, 4, 4, 4, 12, dtype=torch.float64)
    got = attention.folded(tokens)
    assert torch.isfinite(got).all()
    assert torch.allclose(got, plainly(attention, tokens), rtol=1e-4, atol=1e-4)


def test_gradients_pass(attention):
    tokens = torch.randn(1, 2, 2, 2, 12, dtype=torch.float64)
    found = []
    for way in (attention.folded, lambda x: plainly(attention, x)):
        attention.zero_grad()
        way(tokens).square().sum().backward()
        found.append([p.grad.clone() for p in attention.parameters()])
    for got, expected in zip(*found, strict=True):
        assert torch.allclose(got, expected, rtol=1e-3, atol=1e-4)
