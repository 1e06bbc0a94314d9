"""Frames that stay in memory for a while: each is read once as long as it is recent."""

import numpy as np
import pytest

from samtrack.link.recent import KEPT, RecentFrames
from samtrack.types import ArrayFrames, Box, Frames, Scale

IMAGES = [np.full((3, 4), t, dtype=np.uint16) for t in range(5)]


class Counted(ArrayFrames):
    """Frames that note which of them are read."""

    def __init__(self) -> None:
        super().__init__(IMAGES, Scale((1.0, 1.0)))
        self.reads: list[int] = []

    def read(self, frame: int, box: Box | None = None) -> np.ndarray:
        self.reads.append(frame)
        return super().read(frame, box)


def test_the_frames_of_a_pair_are_read_once():
    movie = Counted()
    recent = RecentFrames(movie)
    for t in range(4):  # shift of the image, then patches of both frames, as the linker asks
        for frame in (t, t + 1, t, t + 1):
            assert (recent.read(frame) == frame).all()
    assert movie.reads == [0, 1, 2, 3, 4]
    assert KEPT == 2
    recent.read(0)
    assert movie.reads[-1] == 0, "an old frame is forgotten"


def test_it_is_frames_with_a_box_and_cannot_be_changed():
    recent = RecentFrames(Counted())
    assert isinstance(recent, Frames)
    assert (recent.n_frames, recent.shape, recent.dtype) == (5, (3, 4), np.uint16)
    assert recent.read(2, Box((0, 0), (2, 2))).tolist() == [[2, 2], [2, 2]]
    with pytest.raises(ValueError, match="read-only"):
        recent.read(2)[:] = 0
