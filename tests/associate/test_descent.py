"""Given cells are found among detections, whatever their order, and their descendants are followed."""

import numpy as np
import pytest

from samtrack.associate import ancestors_in, find_given
from samtrack.types import Detections, Points, Tracks


def detections(places, frame=0):
    """Round cells at the given places, labelled 1, 2, …; those of frame 1 are copies."""
    n = len(places)
    columns = dict.fromkeys(
        ["size_um", "intensity", "intensity_sd", "elongation", "spread", "neighbour_um", "border_um", "origin"],
        np.ones(2 * n),
    )
    places = np.array(places, dtype=float)
    return Detections(
        frame=np.repeat([0, 1], n),
        label=np.tile(np.arange(1, n + 1), 2),
        centroid_um=np.r_[places, places],
        box_start=np.r_[places, places],
        box_stop=np.r_[places, places] + 1,
        **columns,
    )


def lasting(n, rejected=()):
    """Each of n cells is a track of two frames; of the rejected ones there is none."""
    kept = np.array([i not in rejected for i in range(n)])
    number = np.where(kept, np.cumsum(kept), 0)
    tracks = np.arange(1, kept.sum() + 1)
    return Tracks(np.r_[number, number], tracks, tracks * 0, tracks * 0 + 1, tracks * 0)


PLACES = [(10, 10), (10, 30), (30, 10), (30, 30)]


def test_a_point_in_a_mask_is_that_cell_and_others_take_the_nearest_free_one():
    given = Points([7, 8, 9], [(10, 12), (10, 27), (60, 60)])
    found = find_given(given, np.array([1, 0, 0]), detections(PLACES), lasting(4), 5.0)
    assert found.row.tolist() == [0, 1, -1]
    np.testing.assert_array_equal(found.distance_um, [2, 3, np.nan])
    assert found.is_found.tolist() == [True, True, False]


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_given_cells_does_not_matter(seed):
    rng = np.random.default_rng(seed)
    places = rng.uniform(0, 60, (40, 2))
    label, inside = rng.permutation(40) + 1, rng.choice(40, 15, replace=False)
    at = np.zeros(40, dtype=int)
    at[inside] = inside + 1
    points = places + rng.normal(0, 2, places.shape)
    table, tracks = detections(places), lasting(40, rejected=(3, 17))
    found = find_given(Points(label, points), at, table, tracks, 2.5)
    order = rng.permutation(40)
    again = find_given(Points(label[order], points[order]), at[order], table, tracks, 2.5)
    assert again.row.tolist() == found.row[order].tolist()
    taken = found.row[found.is_found]
    assert len(set(taken.tolist())) == len(taken), "no two points outside of masks share a cell"
    assert not {3, 17} & set(taken.tolist()), "a rejected mask is no cell"


def test_two_points_in_one_mask_are_one_cell_and_a_third_does_not_take_it():
    given = Points([1, 2, 3], [(10, 9), (10, 11), (10, 13)])
    found = find_given(given, np.array([1, 1, 0]), detections(PLACES), lasting(4), 5.0)
    assert found.row.tolist() == [0, 0, -1]


@pytest.mark.parametrize("n", [0, 2])
def test_nothing_given_or_nothing_there(n):
    given = Points(np.arange(n), np.zeros((n, 2)))
    empty = Tracks([], [], [], [], [])
    found = find_given(given, np.zeros(n, dtype=int), Detections.empty(2), empty, 5.0)
    assert found.row.tolist() == [-1] * n
    assert np.isnan(found.distance_um).all()
    found = find_given(Points([], np.zeros((0, 2))), np.zeros(0, dtype=int), detections(PLACES), lasting(4), 5.0)
    assert len(found.row) == 0


def test_descendants_know_the_root_that_they_come_from():
    parent = [0, 0, 1, 1, 2, 3, 3, 7, 0, 9]
    first = np.array([0, 0, 2, 2, 2, 4, 4, 6, 3, 5])
    tracks = Tracks([], np.arange(1, 11), first, first + 1, parent)
    is_root = np.isin(tracks.track, [1])
    assert ancestors_in(tracks, is_root).tolist() == [1, 0, 1, 1, 0, 1, 1, 1, 0, 0]
    is_root = np.isin(tracks.track, [1, 2])
    assert ancestors_in(tracks, is_root).tolist() == [1, 2, 1, 1, 2, 1, 1, 1, 0, 0]
    assert ancestors_in(tracks, is_root & False).tolist() == [0] * 10


def test_a_long_line_of_descent_is_followed_to_its_end():
    n = 1000
    tracks = Tracks([], np.arange(1, n + 1), np.arange(n), np.arange(n), np.arange(n))
    assert (ancestors_in(tracks, tracks.track == 1) == 1).all()
    assert np.count_nonzero(ancestors_in(tracks, tracks.track == 501)) == 500
