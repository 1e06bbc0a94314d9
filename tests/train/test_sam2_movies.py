"""Annotated movies: labels under the ids of their tracks, parted in time."""

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.link import measure_detections
from samtrack.train.sam2_movies import TrackedMovie, TrackLabels
from samtrack.types import ArrayFrames, Box, Detections, Scale

SCALE = Scale((1.0, 1.0), 1.0)


def movie(n=10):
    frames = [np.zeros((8, 8), dtype=np.uint16) for _ in range(n)]
    for t, frame in enumerate(frames):
        frame[1:3, 1:3] = 7 + t
        frame[5:7, 5:7] = 1
    table = Detections.concatenate([measure_detections(f, t, SCALE, None) for t, f in enumerate(frames)])
    track_of = np.where(table.label == 1, 0, 3)
    tracks = np.array([[3, 0, n - 1, 0]])
    masks = ArrayFrames(frames, SCALE)
    return TrackedMovie(masks, TrackLabels(masks, table, track_of), tracks)


def test_masks_carry_the_ids_of_their_tracks_and_unknown_ones_vanish():
    labels = movie().labels
    seen = labels.read(4)
    assert set(np.unique(seen)) == {0, 3}
    np.testing.assert_array_equal(seen == 3, labels.masks.read(4) == 11)
    np.testing.assert_array_equal(labels.read(4, Box((0, 0), (2, 2))), seen[:2, :2])


def test_parts_count_their_own_frames():
    first, last = movie(10).parted(0.3, 3)
    assert (first.labels.n_frames, last.labels.n_frames) == (7, 3)
    np.testing.assert_array_equal(last.images.read(0), movie(10).images.read(7))
    assert last.tracks.tolist() == [[3, 0, 2, 0]]
    with pytest.raises(IndexError):
        first.images.read(7)


def test_a_movie_too_short_to_part_says_so():
    with pytest.raises(DataError, match="a movie of 5 frames cannot be parted"):
        movie(5).parted(0.2, 3)
