"""Positions of windows: the library's own where the window is the whole grid, and the middle of those where it is not."""

import pytest
import torch

from samtrack.models.sam2.positions import Remembered, middle, rotations, waves_of


def test_the_middle_of_a_table():
    table = torch.arange(36).reshape(1, 6, 6)
    assert middle(table, 2).tolist() == [[[14, 15], [20, 21]]]
    assert middle(table, 3).tolist() == [[[7, 8, 9], [13, 14, 15], [19, 20, 21]]]
    assert torch.equal(middle(table, 6), table)


def test_a_table_that_is_too_small():
    with pytest.raises(ValueError, match="a window of 7 tokens does not fit a table of 6 x 8"):
        middle(torch.zeros(6, 8), 7)


def test_the_angles_of_the_whole_grid_are_the_librarys(make_model):
    model = make_model()
    attention = model.memory_attention
    cosine, sine = attention.rotary_emb(torch.zeros(1), attention.position_ids)
    ours = rotations(8, 128, model.config.rope_parameters["rope_theta"], torch.device("cpu"))
    torch.testing.assert_close(ours[0], cosine)
    torch.testing.assert_close(ours[1], sine)


def test_angles_only_tell_differences():
    """Turned by the angles of any two tokens, vectors agree as much as their distance says: a window may lie anywhere."""

    def agreement(side, one, other):
        cosine, sine = (table[0, :, :2] for table in rotations(side, 16, 100.0, torch.device("cpu")))
        turned = torch.stack([cosine[:, 0], sine[:, 0]], dim=1)
        return turned[one] @ turned[other]

    assert torch.allclose(agreement(4, 0, 1), agreement(8, 18, 19), atol=1e-6)
    assert not torch.allclose(agreement(4, 0, 1), agreement(4, 0, 2), atol=1e-2)


@pytest.mark.parametrize("dim", [4, 64, 256])
def test_waves_are_the_librarys(dim):
    from transformers.models.sam2_video.modeling_sam2_video import get_1d_sine_pe

    offsets = torch.tensor([0.0, 0.5, 1.0, 3.0])
    torch.testing.assert_close(waves_of(offsets, dim), get_1d_sine_pe(offsets, dim))


def test_remembered_tables_are_those_of_the_library_and_made_once():
    made = []

    def table(shape, device, dtype, mask):
        made.append(shape)
        return torch.full(shape, float(len(made)))

    remembered = Remembered(table)
    first = remembered((1, 4, 2, 2), "cpu", torch.float32)
    assert remembered((1, 4, 2, 2), "cpu", torch.float32) is first
    assert len(made) == 1
    assert remembered((1, 4, 3, 2), "cpu", torch.float32).shape == (1, 4, 3, 2)
    assert not list(remembered.parameters())
    masked = remembered((1, 4, 2, 2), "cpu", torch.float32, mask=torch.ones(1, 2, 2))
    assert masked is not first
