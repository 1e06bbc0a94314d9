"""A mask cut to its box."""

import numpy as np
import pytest

from samtrack.types import Box, MaskPatch, Origin

BOX = Box((2, 3), (4, 6))


def patch(mask: np.ndarray | None = None, depth: np.ndarray | None = None, score: float = 0.5) -> MaskPatch:
    """A patch of track 7 in frame 1."""
    mask = np.ones(BOX.shape, dtype=bool) if mask is None else mask
    depth = np.zeros(BOX.shape, dtype=np.float32) if depth is None else depth
    return MaskPatch(1, 7, BOX, mask, depth, score, Origin.FILLED)


def test_mask_and_depth_fill_the_box_and_cannot_be_written() -> None:
    made = patch()
    for array in (made.mask, made.depth):
        assert array.shape == BOX.shape
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


@pytest.mark.parametrize("shape", [(3, 2), (2, 2), (1, 2, 3)])
def test_other_shapes_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="must fill the box"):
        patch(mask=np.ones(shape, dtype=bool))
    with pytest.raises(ValueError, match="must fill the box"):
        patch(depth=np.ones(shape, dtype=np.float32))


def test_a_mask_is_boolean() -> None:
    with pytest.raises(ValueError, match="boolean, found uint8"):
        patch(mask=np.ones(BOX.shape, dtype=np.uint8))


@pytest.mark.parametrize("score", [-0.01, 1.01, float("nan")])
def test_a_score_is_a_probability(score: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        patch(score=score)


def test_the_numbers_of_origins_never_change() -> None:
    """They are what tables on disk hold."""
    names = "GIVEN SEEDS FLOWS BOXES PROMPT3D SAM2 MOTION EMBEDDING FILLED SPLIT PINNED"
    assert [(o.name, o.value) for o in Origin] == [(name, i) for i, name in enumerate(names.split())]
