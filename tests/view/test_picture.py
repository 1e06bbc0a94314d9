"""Pictures of planes."""

import numpy as np

from samtrack.view.colours import N_COLOURS, colour_of, palette
from samtrack.view.picture import TINT, limits_of, outline_of, overlaid, shown


def test_grey_values_run_from_black_to_white():
    plane = np.array([[100, 200], [300, 900]], dtype=np.uint16)
    assert shown(plane, (100.0, 300.0)).tolist() == [[0, 128], [255, 255]]
    assert limits_of(np.full((3, 3), 7)) == (7.0, 8.0)


def test_masks_are_outlined_and_tinted_in_their_colour():
    labels = np.zeros((7, 12), dtype=np.uint32)
    labels[1:6, 1:6] = 1
    labels[1:6, 6:11] = 2
    picture = overlaid(np.full(labels.shape, 100, np.uint8), labels)
    colours = palette()
    assert (picture[0, 0] == 100).all()
    assert (picture[1, 1] == colours[0]).all()
    assert (picture[3, 5] == colours[0]).all(), "cells that touch are told apart"
    assert (picture[3, 6] == colours[1]).all()
    assert np.abs(picture[3, 3] - (100 * (1 - TINT) + colours[0] * TINT)).max() <= 0.5
    assert outline_of(labels).sum() == 2 * 16


def test_colours_differ_and_repeat():
    assert len(np.unique(palette(), axis=0)) == N_COLOURS
    assert colour_of(np.array([1, 2, N_COLOURS + 1])).tolist() == [0, 1, 0]
