"""What of a decision is in the results: numbers of filled masks, and halves of shared masks."""

import numpy as np

from samtrack.stages.followed import parts_of_pairs, patches_in_result
from samtrack.types import Box, Detections, MaskPatch, Merges, Origin, Tracks


def tracks(followed=None):
    return Tracks([1, 2, 3, 0, 1, 2, 3], [1, 2, 3], [0] * 3, [2] * 3, [0] * 3, followed)


def patch(track):
    mask = np.ones((1, 1), dtype=np.bool_)
    return MaskPatch(1, track, Box((0, 0), (1, 1)), mask, np.zeros((1, 1), np.float32), 1.0, Origin.FILLED)


def test_filled_masks_have_the_numbers_of_the_results():
    patches = [patch(1), patch(2), patch(3)]
    assert [p.track for p in patches_in_result(patches, tracks())] == [1, 2, 3]
    assert [p.track for p in patches_in_result(patches, tracks([False, True, True]))] == [1, 2]


def test_halves_without_the_other_half_are_told_apart():
    n = 7
    wide = np.zeros((n, 2))
    columns = dict.fromkeys(
        ["intensity", "intensity_sd", "elongation", "spread", "neighbour_um", "border_um", "origin", "size_um"],
        np.ones(n),
    )
    frame, label = [0, 0, 0, 1, 2, 2, 2], [1, 2, 3, 1, 1, 2, 3]
    table = Detections(frame=frame, label=label, centroid_um=wide, box_start=wide, box_stop=wide, **columns)
    merges = Merges([0], [1], [3], [4], [5], [0.9], np.zeros((1, 0)))
    assert parts_of_pairs([(1, 1), (1, 2), (1, 3)], table, tracks(), merges) == [(1, 1), (1, 2)]
    assert parts_of_pairs([(1, 1)], table, tracks(), Merges.none()) == []
