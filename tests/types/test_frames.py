"""Frames in memory: read one at a time, as copies."""

import numpy as np
import pytest

from samtrack.types import ArrayFrames, Box, Frames, Scale

SCALE = Scale((0.5, 0.5), 10.0)
IMAGES = [np.arange(12, dtype=np.uint16).reshape(3, 4) + 100 * t for t in range(3)]


def test_array_frames_are_frames() -> None:
    movie = ArrayFrames(IMAGES, SCALE)
    assert isinstance(movie, Frames)
    assert (movie.n_frames, movie.shape, movie.dtype, movie.scale) == (3, (3, 4), np.uint16, SCALE)


def test_a_read_is_the_frame_or_its_part_and_may_be_changed() -> None:
    movie = ArrayFrames(IMAGES, SCALE)
    part = movie.read(1, Box((1, 1), (3, 3)))
    assert part.tolist() == IMAGES[1][1:3, 1:3].tolist()
    for read in (part, movie.read(1)):
        read[:] = 0
    assert movie.read(1).tolist() == IMAGES[1].tolist()
    assert IMAGES[1].any()


@pytest.mark.parametrize("frame", [-1, 3])
def test_frames_outside_the_movie_are_refused(frame: int) -> None:
    with pytest.raises(IndexError, match=f"frame {frame} of a movie of 3 frames"):
        ArrayFrames(IMAGES, SCALE).read(frame)


@pytest.mark.parametrize(
    "frames",
    [
        [],
        [np.zeros((3, 4)), np.zeros((4, 3))],
        [np.zeros((3, 4), dtype=np.uint8), np.zeros((3, 4), dtype=np.uint16)],
        [np.zeros((2, 3, 4))],
    ],
)
def test_unequal_frames_are_refused(frames: list[np.ndarray]) -> None:
    with pytest.raises(ValueError, match=r"at least one frame|share one shape and dtype"):
        ArrayFrames(frames, SCALE)
