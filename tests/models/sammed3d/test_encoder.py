"""Windows, biases with mixed axes, and the way from voxels to features."""

import torch

from samtrack.models.sammed3d.encoder import _cut, _joined, mixed_bias


def test_windows_come_back_together():
    tokens = torch.randn(2, 5, 5, 5, 3)
    windows, n = _cut(tokens, 3)
    assert (n, windows.shape) == (2, (16, 3, 3, 3, 3))
    assert torch.equal(windows[0], tokens[0, :3, :3, :3])
    assert torch.equal(windows[1][:, :, :2], tokens[0, :3, :3, 3:])
    assert not windows[1][:, :, 2].any()
    assert torch.equal(_joined(windows, n, 5), tokens)


def test_biases_take_their_queries_from_mixed_places():
    q, d, h, w = torch.randn(1, 1, 2, 2, 2, 4), *torch.randn(3, 2, 2, 4)
    bias = mixed_bias(q, d, h, w)[0, 0].view(2, 2, 2, 2, 2, 2)
    for a, b, c, i, j, k in torch.cartesian_prod(*[torch.arange(2)] * 6).tolist():
        expected = q[0, 0, a, b, c] @ d[a, k] + q[0, 0, a, b, i] @ h[b, k] + q[0, 0, a, b, j] @ w[j, k]
        assert torch.isclose(bias[a, b, c, i, j, k], expected, atol=1e-5)


def test_the_short_way_is_the_plain_way(small):
    volumes = torch.randn(2, 1, 16, 16, 16)
    with torch.inference_mode():
        short, plain = small.see(volumes), small.see(volumes, folds=False)
    assert short.shape == (2, 48, 4, 4, 4)
    assert torch.allclose(short, plain, atol=1e-5)


def test_volumes_of_a_batch_do_not_meet(small):
    volumes = torch.randn(2, 1, 16, 16, 16)
    with torch.inference_mode():
        assert torch.allclose(small.see(volumes)[1:], small.see(volumes[1:]), atol=1e-5)
