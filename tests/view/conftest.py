"""A small table of a result."""

import numpy as np
import pytest


@pytest.fixture
def table():
    """Track 1 in frames 0 and 1, its daughters 2 and 3 in frame 2; positions are 10 times the frame and the track."""
    track, frame, parent = np.array([1, 1, 2, 3]), np.array([0, 1, 2, 2]), np.array([0, 0, 1, 1])
    return {"track_id": track, "t": frame, "parent_track_id": parent, "y": 10.0 * frame, "x": 10.0 * track}
