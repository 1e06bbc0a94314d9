"""Curves: equal tables give equal pictures, and every shown column has its line."""

import numpy as np

from samtrack.train.sam2_curves import POINTS, SHOWN, _means, draw_curves


def test_every_loss_and_measure_has_a_line_with_its_name():
    losses = {"step": np.arange(300), **{name: np.linspace(2, 1, 300) for name in SHOWN}}
    checks = {"step": [100, 200, 300], "iou": [0.1, 0.4, 0.6]}
    picture = draw_curves(losses, checks)
    assert picture == draw_curves(losses, checks)
    assert all(f">{name}<" in picture for name in [*SHOWN.values(), "iou"])


def test_long_runs_are_shown_by_means():
    assert len(_means(np.arange(1000))) == POINTS
    np.testing.assert_array_equal(_means([3.0, 5.0]), [3.0, 5.0])
    assert len(_means([])) == 0


def test_a_run_without_checks_is_drawn():
    assert "<svg" in draw_curves({"step": [1], "focal": [1.0]}, {"step": []})
