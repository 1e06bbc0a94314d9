"""A pass: one loss per term, rounds that are shown the answer before, clicks into errors."""

import numpy as np
import pytest
import torch

from samtrack.config.train_sammed3d import Mask3DLossWeights, TrainSamMed3DSettings
from samtrack.testing.networks import small_network3d
from samtrack.train.sammed3d_batch import make_lessons
from samtrack.train.sammed3d_cubes import Cube, simulated_cubes
from samtrack.train.sammed3d_steps import Outlines, Rounds, Student, true_masks, worst_errors


@pytest.fixture(scope="module")
def lessons():
    settings = TrainSamMed3DSettings(mask_prompts=0.3)
    return make_lessons(simulated_cubes(2, 32, 13.0, 2), settings, 16, np.random.default_rng(0))


def passed(lessons, rounds, outlines=True):
    student = Student(small_network3d(), outlines)
    return student, student(lessons, Mask3DLossWeights(), Rounds(rounds, 1.0, np.random.default_rng(1)))


def test_every_part_that_is_used_learns(lessons):
    student, seen = passed(lessons, 2)
    assert set(seen.losses) == {"outlines", "dice", "cross_entropy", "iou"}
    assert len(seen.logits) == len(seen.iou) == 2
    assert seen.logits[0].shape == (len(lessons), 16, 16, 16)
    weights = Mask3DLossWeights(outlines=1.0)
    student(lessons, weights, Rounds(1, 0.0, np.random.default_rng(1))).total.backward()
    silent = [n for n, p in student.named_parameters() if p.grad is None]
    assert all("mlps." in n or "no_mask" in n for n in silent), "heads of guesses are not asked"


def test_the_second_round_knows_more_than_the_first(lessons):
    _, seen = passed(lessons, 2, outlines=False)
    assert not torch.equal(seen.logits[0], seen.logits[1])


def test_cubes_without_cells_cost_nothing_but_outlines():
    empty = [Cube(np.full((32, 32, 32), 0.5, np.float32), np.zeros((32, 32, 32), np.int16), 0)]
    lessons = make_lessons(empty, TrainSamMed3DSettings(backgrounds=0), 16, np.random.default_rng(0))
    _, seen = passed(lessons, 1)
    assert set(seen.losses) == {"outlines", "nothing"}


def test_clicks_go_into_errors():
    target = torch.zeros(3, 8, 8, 8)
    target[:, 2:5, 2:5, 2:5] = 1
    logits = torch.stack([20 * target[0] - 10, torch.full((8, 8, 8), -5.0), torch.full((8, 8, 8), 5.0)])
    at, side = worst_errors(logits, target, np.random.default_rng(0))
    assert side.tolist() == [-1, 1, 0]
    assert at[1].tolist() == [3, 3, 3], "the middle of what is missing"


def test_true_masks_of_cells_and_of_background(lessons):
    truth = true_masks(lessons, torch.from_numpy(lessons.labels))
    is_empty = ~truth.flatten(1).any(dim=1).numpy()
    np.testing.assert_array_equal(is_empty, lessons.label == 0)


def test_a_token_shows_its_own_voxels():
    head = Outlines(3)
    features = torch.zeros(1, 3, 2, 2, 2, requires_grad=True)
    head(features)[0, 0, :4, 4:, :4].sum().backward()
    assert features.grad is not None
    assert features.grad[0].abs().sum(dim=0).nonzero().tolist() == [[0, 1, 0]]
