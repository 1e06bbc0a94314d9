"""Borders: medians, growth, pieces, holes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samtrack.segment.borders import fill_holes, fit_borders, largest_pieces, median_of


@given(st.integers(0, 1000))
def test_median_of_each_label(seed):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 5, (9, 9)).astype(np.int32)
    image = rng.normal(size=(9, 9)).astype(np.float32)
    medians = median_of(labels, image, 6)
    assert (medians[[0, 5, 6]] == 0).all()
    for value in np.unique(labels[labels > 0]):
        inside = np.sort(image[labels == value])
        assert medians[value] == inside[len(inside) // 2]


@given(st.integers(0, 1000))
def test_numbers_of_the_labels_do_not_decide(seed):
    rng = np.random.default_rng(seed)
    regions = np.where(rng.random((14, 14)) < 0.15, rng.integers(1, 7, (14, 14)), 0).astype(np.int32)
    height = rng.integers(0, 6, (14, 14)).astype(np.float32)
    exchanged = np.concatenate([[0], 1 + rng.permutation(6)]).astype(np.int32)
    expected = exchanged[fit_borders(regions, height, 0.4, 0.5, (2, 2))]
    np.testing.assert_array_equal(fit_borders(exchanged[regions], height, 0.4, 0.5, (2, 2)), expected)


def test_growth_stops_at_the_share_of_the_median_and_after_its_steps():
    height = np.array([[10, 10, 10, 6, 5, 4, 3, 3, 3, 3]], dtype=np.float32)
    regions = np.array([[1, 1, 1, 0, 0, 0, 0, 0, 0, 0]], dtype=np.int32)
    assert fit_borders(regions, height, 0.45, 0.1, (9, 9)).sum() == 5
    assert fit_borders(regions, height, 0.1, 0.1, (2, 2)).sum() == 5
    assert fit_borders(regions, height, 0.1, 0.1, (9, 9)).sum() == 10


def test_regions_shrink_too():
    height = np.array([[10, 10, 10, 2, 1]], dtype=np.float32)
    np.testing.assert_array_equal(fit_borders(np.ones((1, 5), np.int32), height, 0.5, 0.1, (1, 1)), [[1, 1, 1, 0, 0]])


def test_cells_meet_without_taking_from_each_other():
    height = np.full((1, 9), 5, dtype=np.float32)
    regions = np.array([[1, 0, 0, 0, 0, 0, 0, 0, 2]], dtype=np.int32)
    grown = fit_borders(regions, height, 0.4, 0.1, (9, 9))
    assert (grown > 0).all()
    assert 4 <= np.count_nonzero(grown == 1) <= 5


def test_only_the_largest_piece_stays():
    labels = np.array([[1, 1, 0, 1, 2], [0, 0, 0, 0, 2], [2, 0, 1, 0, 0]], dtype=np.int32)
    np.testing.assert_array_equal(largest_pieces(labels), [[1, 1, 0, 0, 2], [0, 0, 0, 0, 2], [0, 0, 0, 0, 0]])
    assert largest_pieces(np.zeros((3, 3), np.int32)).max() == 0


def test_holes_of_one_label_are_filled_and_others_are_not():
    labels = np.zeros((9, 16), dtype=np.int32)
    labels[1:6, 1:6] = 3
    labels[2:4, 2:4] = 0  # a hole
    labels[1:6, 8:11], labels[1:6, 11:14] = 1, 2
    labels[3, 10:12] = 0  # enclosed by two
    labels[6:9, 3] = 3
    filled = fill_holes(labels)
    assert (filled[2:4, 2:4] == 3).all()
    assert (filled[3, 10:12] == 0).all()
    assert np.count_nonzero(filled != labels) == 4


def test_what_reaches_the_border_is_no_hole():
    labels = np.ones((5, 5), dtype=np.int32)
    labels[0, 2] = labels[2, 2] = 0
    filled = fill_holes(labels)
    assert filled[0, 2] == 0
    assert filled[2, 2] == 1
    assert fill_holes(labels[None])[0, 2, 2] == 1
