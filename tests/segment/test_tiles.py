"""Tiles do not show: any size of tile gives the same bytes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samtrack.config.segment import SeedsSettings
from samtrack.errors import SettingsError
from samtrack.segment import segment_frame
from samtrack.segment.base import Tiling
from samtrack.segment.grid import Grid
from samtrack.segment.seeds import SeedsSegmenter
from samtrack.segment.tiles import plan_side
from samtrack.types import ArrayFrames, Box, Scale


def through_tiles(image, diameter_um, scale, side_px, **changed):
    """Segmented with cores of at most ``side_px`` voxels (smaller than users may ask for)."""
    segmenter = SeedsSegmenter(
        SeedsSettings.model_construct(**{**SeedsSettings().model_dump(), "tile_px": side_px, **changed}),
        Grid.of(scale, diameter_um),
    )
    return segment_frame(segmenter, ArrayFrames([image], scale), 0)


FLAT = Scale((1.0, 1.0))


@settings(max_examples=8)
@given(side_px=st.integers(9, 150), seed=st.integers(0, 5), diameter_um=st.sampled_from([5.0, 8.0]))
def test_any_tile_gives_the_same_labels_2d(crowd, side_px, seed, diameter_um):
    image = crowd((150, 130), 60, 4.0, seed)
    whole = through_tiles(image, diameter_um, FLAT, 1000)
    assert whole.max() > 25
    np.testing.assert_array_equal(through_tiles(image, diameter_um, FLAT, side_px), whole)


@pytest.mark.parametrize("side_px", [23, 60, 101])
@pytest.mark.parametrize(
    "changed", [{"min_contrast_sd": 0.5, "split": 1.0}, {"polarity": "texture"}, {"split": 0.0}, {"polarity": "dark"}]
)
def test_tiles_agree_where_everything_touches(crowd, side_px, changed):
    image = crowd((140, 160), 300, 4.0, 3)
    whole = through_tiles(image, 7.0, FLAT, 1000, **changed)
    assert whole.max() > 5
    np.testing.assert_array_equal(through_tiles(image, 7.0, FLAT, side_px, **changed), whole)


@pytest.mark.parametrize("side_px", [61, 150])
def test_tiles_agree_on_a_coarser_working_grid(crowd, side_px):
    image = crowd((401, 333), 60, 18.0, 1)
    whole = through_tiles(image, 36.0, FLAT, 1000)
    assert whole.max() > 15
    np.testing.assert_array_equal(through_tiles(image, 36.0, FLAT, side_px), whole)


@pytest.mark.parametrize("side_px", [15, 26])
def test_tiles_agree_in_3d(crowd, side_px):
    scale = Scale((2.0, 1.0, 1.0))
    image = crowd((24, 60, 62), 60, 3.0, 2, scale.um_per_voxel)
    whole = through_tiles(image, 6.0, scale, 1000)
    assert whole.max() > 20
    np.testing.assert_array_equal(through_tiles(image, 6.0, scale, side_px), whole)


def test_a_halo_too_small_would_show(crowd):
    """The test above can fail: without the halo the seams are seen."""
    image = crowd((150, 130), 60, 4.0, 0)
    scale = FLAT

    class Bare:
        def __init__(self, inner):
            self.inner = inner

        @property
        def tiling(self):
            return Tiling((0, 0), (1, 1), (40, 40), 1)

        def __getattr__(self, name):
            return getattr(self.inner, name)

    inner = SeedsSegmenter(SeedsSettings(), Grid.of(scale, 8.0))
    frames = ArrayFrames([image], scale)
    assert not np.array_equal(segment_frame(Bare(inner), frames, 0), segment_frame(inner, frames, 0))


def test_labels_are_dense_and_in_scan_order(crowd):
    labels = through_tiles(crowd((150, 130), 60, 4.0, 4), 8.0, FLAT, 37)
    values, first = np.unique(labels, return_index=True)
    np.testing.assert_array_equal(values, np.arange(labels.max() + 1))
    assert np.all(np.diff(first[1:]) > 0)
    assert labels.dtype == np.uint32


def test_memory_cuts_the_frame_and_changes_nothing(crowd):
    scale = Scale((1.0, 1.0, 1.0))
    image = crowd((30, 60, 200), 60, 2.5, 1)
    segmenter = SeedsSegmenter(SeedsSettings(), Grid.of(scale, 5.0))
    frames = ArrayFrames([image], scale)
    tiling = segmenter.tiling
    side = plan_side(image.shape, tiling, 0.03)
    assert min(s / n for s, n in zip(side, image.shape, strict=True)) < 0.6
    np.testing.assert_array_equal(segment_frame(segmenter, frames, 0, 0.03), segment_frame(segmenter, frames, 0))


def test_a_tile_never_takes_more_than_the_memory_given():
    tiling = Tiling((10, 70, 70), (1, 2, 2), (1024, 1024, 1024), 100)
    shape = (300, 4000, 4000)
    for memory_gb in (0.5, 1, 4, 16):
        side = plan_side(shape, tiling, memory_gb)
        read = np.minimum(np.array(side) + 2 * np.array(tiling.halo) + 2 * np.array(tiling.align), shape)
        assert read.prod() * 100 <= memory_gb * 1e9


def test_too_little_memory_is_told():
    tiling = Tiling((700, 700, 700), (1, 1, 1), (1024, 1024, 1024), 100)
    with pytest.raises(SettingsError, match=r"resources.memory_gb is 0.5"):
        plan_side((5000, 5000, 5000), tiling, 0.5)


def test_every_object_belongs_to_the_core_that_holds_its_centroid():
    """Objects on seams come out once, with all their voxels."""
    scale = FLAT
    image = np.zeros((60, 60), dtype=np.uint16)

    class Painter:
        """Labels what is there."""

        @property
        def tiling(self):
            return Tiling((12, 12), (1, 1), (20, 20), 1)

        def frame_facts(self, images, frame):
            return None

        def segment(self, image, box: Box, facts):
            return image.astype(np.uint32)

    for value, corner in enumerate([(17, 17), (18, 38), (39, 5), (36, 36), (0, 19)], start=1):
        image[corner[0] : corner[0] + 5, corner[1] : corner[1] + 6] = value * 7
    labels = segment_frame(Painter(), ArrayFrames([image], scale), 0)
    np.testing.assert_array_equal(labels > 0, image > 0)
    assert labels.max() == 5
    assert len(np.unique(np.stack([labels[image > 0], image[image > 0]]), axis=1).T) == 5
