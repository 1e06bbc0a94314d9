"""Random volumes: within their ranges, equal for equal seeds."""

import numpy as np

from samtrack.train.sammed3d_recipes import MOST_STEP, SHOWN_LIMITS, recipe


def test_volumes_are_of_all_kinds_and_within_their_ranges():
    drawn = [recipe(seed, 26.0, 64) for seed in range(60)]
    shown = np.array([26.0 * settings.cells.diameter_um / diameter for settings, diameter in drawn])
    assert shown.min() >= 26 * SHOWN_LIMITS[0] - 1e-6
    assert shown.max() <= 26 * SHOWN_LIMITS[1] + 1e-6
    steps = np.array([settings.scale.um_per_voxel[0] for settings, _ in drawn])
    assert steps.min() < 1.3
    assert 2.5 < steps.max() <= MOST_STEP
    thin = [s.shape_px[0] * s.scale.um_per_voxel[0] * 26 / d < 64 for s, d in drawn]
    assert 0.1 < np.mean(thin) < 0.6
    assert len({s.cells.density for s, _ in drawn}) == 60


def test_a_seed_gives_one_volume():
    assert recipe(3, 26.0, 64) == recipe(3, 26.0, 64)
    assert recipe(3, 26.0, 64) != recipe(4, 26.0, 64)
