"""Augmentation: labels and image turn alike, outside stays outside, grey values stay in range."""

import numpy as np

from samtrack.train.sammed3d_augment import repainted, turned


def test_sixteen_ways_that_keep_the_z_axis():
    cube = np.arange(4**3).reshape(4, 4, 4)
    found = {turned(cube, way).tobytes() for way in range(16)}
    assert len(found) == 16
    assert all(len({v // 16 for v in plane.flat}) == 1 for way in range(16) for plane in turned(cube, way))


def test_repainting_changes_inside_only_and_keeps_the_range():
    rng = np.random.default_rng(1)
    cube = rng.random((12, 12, 12)).astype(np.float32)
    cube[:3] = 0
    seen = [repainted(cube, rng) for _ in range(20)]
    assert all((s[:3] == 0).all() and (s[3:] > 0).all() and s.max() <= 1 for s in seen)
    assert sum(np.abs(s - cube).mean() > 0.01 for s in seen) > 8
