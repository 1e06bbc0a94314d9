"""A pass through a network: the windows of lessons, and that gradients reach every part."""

import numpy as np
import torch

from samtrack.models.sam2.network import Features
from samtrack.testing.networks import small_network
from samtrack.train.sam2_batch import make_lessons
from samtrack.train.sam2_clips import simulated_clips
from samtrack.train.sam2_losses import LossWeights
from samtrack.train.sam2_steps import Student, windows_of


def test_windows_are_cut_from_the_lessons_own_clip():
    maps = [torch.arange(2 * c * s * s, dtype=torch.float32).reshape(2, c, s, s) for c, s in ((3, 6), (2, 12), (1, 24))]
    seen = windows_of(Features(*maps), torch.tensor([1, 0]), torch.tensor([[1, 2], [0, 0]]), 4)
    torch.testing.assert_close(seen.coarse[0], maps[0][1, :, 1:5, 2:6])
    torch.testing.assert_close(seen.mid[0], maps[1][1, :, 2:10, 4:12])
    torch.testing.assert_close(seen.fine[1], maps[2][0, :, :16, :16])


def test_three_frames_give_gradients_to_every_part_that_is_used():
    torch.manual_seed(0)
    student = Student(small_network(), has_outlines=True).train()
    lessons = make_lessons(simulated_clips(4, 64, 3, 2), 4, 4, 1, np.random.default_rng(0))
    seen = student(lessons, LossWeights(), points=True)
    assert len(seen.carried) == 2
    assert seen.pointed is not None
    seen.total.backward()
    learnt = [name for name, p in student.network.model.named_parameters() if p.grad is not None and p.grad.any()]
    parts = {name.split(".")[0] for name in learnt}
    assert {"vision_encoder", "memory_attention", "memory_encoder", "mask_decoder", "prompt_encoder"} <= parts
    assert student.outlines is not None
    assert all(p.grad is not None for p in student.outlines.parameters())


def test_a_batch_without_cells_costs_only_outlines():
    student = Student(small_network(), has_outlines=True)
    clips = simulated_clips(4, 64, 2, 1)
    lessons = make_lessons(clips, 4, 0, 0, np.random.default_rng(0))
    seen = student(lessons, LossWeights(), points=True)
    assert set(seen.losses) == {"outlines", "nothing"}
    assert float(seen.losses["nothing"].detach()) == 0
