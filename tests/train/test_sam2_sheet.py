"""The picture of samples: each outline where its mask is, in its colour."""

import numpy as np
import torch

from samtrack.models.sam2.network import Prediction
from samtrack.train.sam2_batch import make_lessons
from samtrack.train.sam2_clips import simulated_clips
from samtrack.train.sam2_sheet import BLUE, GREEN, RED, draw_samples
from samtrack.train.sam2_steps import Pass


def test_shown_wanted_and_drawn_masks_have_their_colours():
    lessons = make_lessons(simulated_clips(5, 96, 2, 4), 4, 4, 0, np.random.default_rng(0))
    assert lessons.present[0].any()
    drawn = torch.from_numpy(lessons.target[0]) * 20 - 10
    n = len(lessons)
    seen = Pass({}, [Prediction(drawn, torch.ones(n), torch.ones(n), torch.zeros(n, 4))], None)
    picture = draw_samples(lessons, seen)
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3

    def count(colour):
        return int((picture == np.array(colour)).all(axis=2).sum())

    assert count(GREEN) > 0
    assert count(RED) == count(BLUE) > 0  # the drawing is the truth
    nothing = Pass({}, [Prediction(drawn, -torch.ones(n), torch.ones(n), torch.zeros(n, 4))], None)
    hidden = draw_samples(lessons, nothing)
    assert (hidden == np.array(BLUE)).all(axis=2).sum() == 0
