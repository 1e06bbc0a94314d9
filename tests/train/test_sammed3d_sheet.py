"""The picture of samples: a row per object, outlines where truth and drawing lie."""

import numpy as np
import torch

from samtrack.config.train_sammed3d import TrainSamMed3DSettings
from samtrack.train.sammed3d_batch import make_lessons
from samtrack.train.sammed3d_cubes import simulated_cubes
from samtrack.train.sammed3d_sheet import GAP_PX, GREEN, PLANES, RED, ROWS, draw_samples
from samtrack.train.sammed3d_steps import Pass


def test_truth_is_green_and_what_was_drawn_is_red():
    lessons = make_lessons(
        simulated_cubes(2, 32, 13.0, 8), TrainSamMed3DSettings(), 16, np.random.default_rng(0), is_test=True
    )
    logits = torch.full((len(lessons), 16, 16, 16), -5.0)
    plain = draw_samples(lessons, Pass({}, [logits], []))
    n = min(ROWS, len(lessons))
    assert plain.shape == (n * (32 + 2 * GAP_PX), PLANES * (32 + 2 * GAP_PX), 3)
    assert (plain == GREEN).all(axis=-1).sum() > 50
    assert not (plain == RED).all(axis=-1).any()
    logits[:, 4:10, 4:10, 4:10] = 5.0
    assert (draw_samples(lessons, Pass({}, [logits], [])) == RED).all(axis=-1).sum() > 50
