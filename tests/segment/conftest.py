"""Small pictures whose cells are known, and the segmenter on one picture: fixtures that return functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from samtrack.config.segment import SeedsSettings
from samtrack.segment import segment_frame
from samtrack.segment.grid import Grid
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.types import ArrayFrames, Scale


def draw_balls(shape, centres, radius_px, scale=None, soft_px=1.0) -> npt.NDArray[np.float32]:
    """Discs (balls) of height 1 with soft rims; centres in voxels, the radius in units of the finest voxel."""
    relative = np.ones(len(shape)) if scale is None else np.asarray(scale) / min(scale)
    places = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    image = np.zeros(shape, dtype=np.float32)
    for centre, radius in zip(centres, np.broadcast_to(radius_px, len(centres)), strict=True):
        distance = np.linalg.norm((places - np.asarray(centre)) * relative, axis=-1)
        image = np.maximum(image, 1 / (1 + np.exp(np.clip((distance - radius) * 2 / soft_px, -50, 50))))
    return image.astype(np.float32)


def draw_crowd(shape, n, radius_px, seed, scale=None) -> npt.NDArray[np.uint16]:
    """Cells anywhere, touching and overlapping, of different brightness, with noise, on an offset of 32 768."""
    rng = np.random.default_rng(seed)
    image = rng.normal(0, 8, shape)
    for _ in range(n):
        centre = rng.uniform(0, shape)
        image += rng.uniform(30, 1500) * draw_balls(shape, [centre], radius_px * rng.uniform(0.7, 1.3), scale)
    return (32768 + np.clip(image, -32768, 32767)).astype(np.uint16)


def segment_picture(image, diameter_um, scale=None, **settings) -> npt.NDArray[np.uint32]:
    """The image through the classical segmenter."""
    at = Scale(scale or (1.0,) * image.ndim)
    segmenter = SeedsSegmenter(SeedsSettings(**settings), Grid.of(at, diameter_um))
    return segment_frame(segmenter, ArrayFrames([image], at), 0)


@pytest.fixture(scope="session")
def balls() -> Callable[..., npt.NDArray[np.float32]]:
    """Draw discs or balls."""
    return draw_balls


@pytest.fixture(scope="session")
def crowd() -> Callable[..., npt.NDArray[np.uint16]]:
    """Draw a crowd."""
    return draw_crowd


@pytest.fixture(scope="session")
def segmented() -> Callable[..., npt.NDArray[np.uint32]]:
    """Segment a picture."""
    return segment_picture
