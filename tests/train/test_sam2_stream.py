"""The stream: one order for any number of workers and any start; errors of workers reach the reader."""

from itertools import islice

import numpy as np
import pytest

from samtrack.errors import SettingsError
from samtrack.train.sam2_stream import clip_stream
from samtrack.train.workers import MIXED


def taken(n, **options):
    stream = clip_stream(1, 32, 2, **options)
    try:
        return list(islice(stream, n))
    finally:
        stream.close()


def assert_equal(some, others):
    for one, other in zip(some, others, strict=True):
        np.testing.assert_array_equal(one.images, other.images)
        np.testing.assert_array_equal(one.prompts, other.prompts)


def test_workers_and_start_change_nothing_and_movies_alternate():
    alone = taken(MIXED + 4, workers=0)
    assert_equal(alone, taken(MIXED + 4, workers=2))
    assert_equal(alone[5:], taken(MIXED - 1, workers=0, start=5))
    assert len({clip.seed for clip in alone[:MIXED]}) == MIXED


@pytest.mark.parametrize("workers", [0, 1])
def test_an_error_of_a_worker_is_raised_here(workers):
    stream = clip_stream(1, 32, 0, workers=workers)
    with pytest.raises(SettingsError, match="at least one frame"):
        next(stream)
