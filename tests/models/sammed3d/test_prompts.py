"""Clicks and masks become what the published weights were trained with."""

import torch


def test_a_point_that_is_none_does_not_count(small):
    points = torch.tensor([[[3.0, 4, 5], [0, 0, 0]]])
    tokens, counts, _ = small.prompt_encoder(points, torch.tensor([[1, -1]]), None)
    assert counts.tolist() == [[True, False, True]]
    alone, _, _ = small.prompt_encoder(points[:, :1], torch.tensor([[1]]), None)
    assert torch.equal(tokens[:, [0, 2]], alone)


def test_inside_and_outside_differ(small):
    points = torch.tensor([[[3.0, 4, 5]]])
    inside, outside = (small.prompt_encoder(points, torch.tensor([[label]]), None)[0] for label in (1, 0))
    assert not torch.equal(inside[0, 0], outside[0, 0])


def test_no_mask_is_a_mask_of_zeros(small):
    points, is_in = torch.tensor([[[3.0, 4, 5]]]), torch.tensor([[1]])
    _, _, without = small.prompt_encoder(points, is_in, None)
    _, _, zeros = small.prompt_encoder(points, is_in, torch.zeros(1, 1, 16, 16, 16))
    assert torch.equal(without, zeros)


def test_places_of_tokens_have_their_first_two_axes_exchanged(small):
    """Token (i, j, k) has the code of a point in the middle of token (j, i, k)."""
    encoder = small.prompt_encoder
    side = encoder.image_px / encoder.grid
    i, j, k = 1, 3, 2
    middle = (torch.tensor([[[j, i, k]]]) + 0.5) * side
    coded = encoder.pe_layer(middle / encoder.image_px)[0, 0]
    assert torch.allclose(encoder.places()[0, :, i, j, k], coded, atol=1e-5)
