"""Random movies for SAM 2: wide, valid, repeatable."""

import numpy as np
import pytest

from samtrack.simulate.lineage import simulate_lineage
from samtrack.train.sam2_recipes import MOST_VOXELS, SHOWN_PX, recipe


def test_a_seed_gives_one_movie_and_seeds_differ():
    assert recipe(3) == recipe(3)
    assert recipe(3) != recipe(4)


def test_all_kinds_sizes_and_densities_come_up():
    drawn = [recipe(seed) for seed in range(200)]
    looks = {(s.kind, len(s.shape_px), s.imaging.polarity if s.kind == "phase" else "") for s, _ in drawn}
    assert looks == {
        ("nuclei", 2, ""),
        ("nuclei", 3, ""),
        ("phase", 2, "bright"),
        ("phase", 2, "dark"),
        ("dic", 2, ""),
    }
    shown = np.array([s.cells.diameter_um * zoom for s, zoom in drawn])
    assert shown.min() >= SHOWN_PX[0]
    assert shown.max() <= SHOWN_PX[1]
    assert shown.min() < 20
    assert shown.max() > 60
    density = np.array([s.cells.density for s, _ in drawn])
    assert density.min() < 0.06
    assert density.max() > 0.75
    assert {len(set(s.um_per_voxel[1:])) for s, _ in drawn} == {1, 2}  # planes with square and with oblong pixels


@pytest.mark.parametrize("side_px", [96, 256])
def test_a_crop_fits_into_a_frame_that_is_not_too_large(side_px):
    for seed in range(60):
        settings, zoom = recipe(seed, side_px)
        extent_um = np.array(settings.shape_px[-2:]) * settings.um_per_voxel[-2:]
        assert (extent_um > 1.02 * side_px / zoom).all()
        assert np.prod(settings.shape_px[-2:]) <= 1.1 * MOST_VOXELS


def test_cells_divide_within_a_movie():
    parents = [simulate_lineage(recipe(seed, 96)[0]).tracks[:, 3] for seed in range(12)]
    with_division = [bool((np.bincount(p[p > 0], minlength=1) == 2).any()) for p in parents]
    assert sum(with_division) >= 6
