import numpy as np
import pytest

from samtrack.submit.presence import digits_for, presence_table
from samtrack.types import Box, Detections, MaskPatch, Origin, Scale, Tracks


def detections(frames: list[int], labels: list[int]) -> Detections:
    n = len(frames)
    ones = np.ones(n)
    return Detections(
        frame=np.array(frames),
        label=np.array(labels),
        centroid_um=np.stack([np.arange(n) * 2.0, np.arange(n) * 1.0], axis=1),
        size_um=ones * 4,
        box_start=np.zeros((n, 2)),
        box_stop=np.ones((n, 2)),
        intensity=ones,
        intensity_sd=ones,
        elongation=ones,
        spread=ones,
        neighbour_um=ones,
        border_um=ones,
        origin=np.full(n, int(Origin.SEEDS)),
    )


def test_observed_and_filled_cells_are_rows_sorted_by_track_and_frame():
    """Track 1 in frames 0 and 2 with a filled mask in 1; track 2, its child, trimmed; one detection rejected."""
    found = detections([0, 0, 2, 3], [5, 6, 5, 9])
    tracks = Tracks([1, 0, 1, 2], [1, 2], [0, 3], [2, 3], [0, 1])
    mask = np.array([[True, True], [False, False]])
    patch = MaskPatch(1, 1, Box((4, 6), (6, 8)), mask, np.zeros((2, 2), np.float32), 1.0, Origin.FILLED)
    in_field = [np.array([1]), np.array([1]), np.array([1]), np.array([], dtype=int)]
    table = presence_table(found, tracks, [patch], Scale((2.0, 1.0)), in_field)
    assert table["track_id"].tolist() == [1, 1, 1, 2]
    assert table["t"].tolist() == [0, 1, 2, 3]
    assert table["parent_track_id"].tolist() == [0, 0, 0, 1]
    assert table["label"].tolist() == [5, 0, 5, 9]
    assert table["origin"].tolist() == [Origin.SEEDS, Origin.FILLED, Origin.SEEDS, Origin.SEEDS]
    assert table["y"].tolist() == [0.0, 4.0, 2.0, 3.0], "voxels"
    assert table["y_um"].tolist() == [0.0, 8.0, 4.0, 6.0], "micrometres"
    assert table["x"].tolist() == [0.0, 6.5, 2.0, 3.0]
    assert table["size_um"].tolist() == [4.0, 4.0, 4.0, 4.0]
    assert table["in_field"].tolist() == [True, True, True, False]
    assert table["ctc_label"].tolist() == [1, 1, 1, 0]


def test_a_part_of_a_shared_mask_keeps_its_origin():
    tracks = Tracks([1, 0, 1], [1], [0], [2], [0])
    mask = np.ones((1, 2), bool)
    part = MaskPatch(1, 1, Box((4, 6), (5, 8)), mask, np.zeros((1, 2), np.float32), 1.0, Origin.SPLIT)
    found = detections([0, 1, 2], [5, 6, 5])
    table = presence_table(found, tracks, [part], Scale((1.0, 1.0)), [np.array([1])] * 3)
    assert table["origin"].tolist() == [Origin.SEEDS, Origin.SPLIT, Origin.SEEDS]
    assert table["label"].tolist() == [5, 0, 5]


@pytest.mark.parametrize(("n", "digits"), [(1, 3), (1000, 3), (1001, 4), (10_000, 4), (10_001, 5)])
def test_digits_follow_the_number_of_frames(n: int, digits: int):
    assert digits_for(n, "auto") == digits
    assert digits_for(n, 4) == 4
