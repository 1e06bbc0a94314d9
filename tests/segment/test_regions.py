"""The choice among all components is the best one, wherever it is made."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from samtrack.segment import regions
from samtrack.segment.regions import RegionRules, ellipse_likeness, select_regions

RULES = RegionRules(min_voxels=3, max_voxels=400, max_extent_px=(40, 40), roundness_power=7.0)


def likeness_of(mask):
    places = np.stack(np.nonzero(mask))
    return float(ellipse_likeness(np.zeros(places.shape[1], int), places)[0])


def disc(shape, centre, radius):
    return np.linalg.norm(np.stack(np.indices(shape), -1) - np.array(centre), axis=-1) <= radius


@pytest.mark.parametrize("radius", [3, 4, 9])
def test_discs_and_balls_are_ellipses(radius):
    assert likeness_of(disc((25, 25), (12, 12), radius)) > 0.94
    assert likeness_of(disc((25, 25, 25), (12, 12, 12), radius)) > 0.92


def test_dumbbells_are_not():
    two = disc((40, 60), (20, 20), 9) | disc((40, 60), (20, 38), 9)
    assert likeness_of(two) < 0.91
    apart = disc((25, 50, 25), (12, 12, 12), 8) | disc((25, 50, 25), (12, 28, 12), 8)
    assert likeness_of(apart) < 0.83


@given(st.integers(0, 1000), st.integers(0, 10**6), st.integers(0, 10**6))
def test_likeness_does_not_depend_on_the_place(seed, dy, dx):
    places = np.unique(np.random.default_rng(seed).integers(0, 12, (2, 40)), axis=1)
    one = np.zeros(places.shape[1], int)
    assert ellipse_likeness(one, places) == ellipse_likeness(one, places + np.array([[dy], [dx]]))


def best_by_trying(relief, lowest, rules):
    """The largest sum of worths over all disjoint sets of components, by trying them all."""
    levels = []
    voxels = np.flatnonzero(relief > lowest)
    voxels = voxels[np.argsort(-relief.ravel()[voxels], kind="stable")]
    for level in regions._grow_forest(relief, voxels, lowest, rules):
        for c in range(len(level.worth)):
            if level.worth[c]:
                levels.append((frozenset(voxels[: len(level.component)][level.component == c]), int(level.worth[c])))
    unique = list(dict(levels).items())
    if len(unique) > 12:
        return None
    best = 0
    for n in range(len(unique) + 1):
        for chosen in combinations(unique, n):
            if all(not a[0] & b[0] for a, b in combinations(chosen, 2)):
                best = max(best, sum(worth for _, worth in chosen))
    return best


@given(st.integers(0, 10_000))
def test_no_other_disjoint_set_is_worth_more(seed):
    rng = np.random.default_rng(seed)
    relief = ndimage.gaussian_filter(rng.normal(0, 1, (22, 22)), 2.2).astype(np.float32)
    lowest = float(relief.max()) / 4
    expected = best_by_trying(relief, lowest, RULES)
    labels = select_regions(relief, lowest, RULES)
    if expected is None:
        return
    found = 0
    for value in range(1, labels.max() + 1):
        size = np.count_nonzero(labels == value)
        found += round(size * likeness_of(labels == value) ** 7 * regions.WORTH_UNIT)
    assert abs(found - expected) <= labels.max()


def test_power_zero_keeps_the_whole():
    relief = (
        3 * disc((40, 60), (20, 20), 9) + 3 * disc((40, 60), (20, 42), 9) + 1.0 * disc((40, 60), (20, 31), 5)
    ).astype(np.float32)
    whole = RegionRules(3, 2000, (60, 60), 0.0)
    assert select_regions(relief, 0.5, whole).max() == 1
    assert select_regions(relief, 0.5, RegionRules(3, 2000, (60, 60), 14.0)).max() == 2


def test_too_large_and_too_small_are_left_out():
    relief = np.zeros((60, 60), np.float32)
    relief[2:50, 2:50] = 1
    relief[55, 55] = 1
    assert select_regions(relief, 0.5, RULES).max() == 0


def test_nothing_above_the_threshold():
    assert select_regions(np.zeros((5, 5), np.float32), 1.0, RULES).max() == 0
