"""Where chance comes from: one independent stream per purpose, so that no draw depends on the order of the others.

A frame's noise comes from (seed, stream, frame), a cell's texture from (seed, stream, cell): any frame can be made alone.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np


class Stream(IntEnum):
    """What a stream of random numbers is for; the numbers are part of the seed and never change."""

    LINEAGE = 0
    STAGE = 1
    FLOW = 2
    TEXTURE = 3
    FIELD = 4
    CAMERA = 5
    MASKS = 6
    DEBRIS = 7


def generator(seed: int, stream: Stream, *keys: int) -> np.random.Generator:
    """The random numbers of one purpose, frame or cell."""
    # as a spawn key, not as part of the entropy, where trailing zeros would make (stream) and (stream, 0) the same
    sequence = np.random.SeedSequence(seed, spawn_key=(int(stream), *map(int, keys)))
    return np.random.Generator(np.random.PCG64(sequence))
