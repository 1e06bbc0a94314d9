"""Masks are drawn by the network around the objects of the classical segmenter, and by that one where it is no help."""

from types import SimpleNamespace

import numpy as np
import pytest

from samtrack.config.segment import Sam2SegmentSettings, SeedsSettings
from samtrack.errors import SettingsError
from samtrack.models.sam2.windows import Lattice
from samtrack.segment import build_segmenter, segment_frame
from samtrack.segment.sam2 import Sam2Segmenter, clicks, points_inside
from samtrack.types import ArrayFrames, Scale

FLAT = Scale((1.0, 1.0))
SHAPE = (64, 64)


class Painter:
    """A segmenter that finds what it is told."""

    tiling = None

    def __init__(self, labels):
        self.labels = labels.astype(np.uint32)

    def frame_facts(self, images, frame):
        return None

    def segment(self, image, box, facts):
        return self.labels.copy()


def disc(centre, radius, shape=SHAPE):
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in shape), indexing="ij"), axis=-1)
    return (((grid - np.array(centre)) / np.array(radius)) ** 2).sum(-1) <= 1


def through(engine, seeds, masks, min_iou=0.5, greys=None):
    """Labels found in a picture in which each mask has its own grey; ``seeds``: what the classical segmenter finds."""
    image, labels = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.uint32)
    for i, mask in enumerate(masks):
        image[mask] = 1 + i if greys is None else greys[i]
    image[-4:, -4:] = 10.0
    for i, mask in enumerate(seeds, start=1):
        labels[mask] = i
    segmenter = Sam2Segmenter(Sam2SegmentSettings(min_iou=min_iou), Painter(labels), engine, (10.0, 10.0))
    return segment_frame(segmenter, ArrayFrames([image], FLAT), 0)


PLACES = [(14, 16), (14, 27), (40, 20), (30, 46)]
TRUE = [disc(p, (5, 6)) for p in PLACES]
SEEDS = [disc(p, 3) for p in PLACES]


def as_labels(masks):
    labels = np.zeros(SHAPE, np.uint32)
    for i, mask in enumerate(masks, start=1):
        labels[mask & (labels == 0)] = i
    return labels


def test_the_network_says_where_cells_end(sharp_engine):
    true = [TRUE[0] & ~TRUE[1], *TRUE[1:]]
    found = through(sharp_engine(), SEEDS, true)
    assert found.dtype == np.uint32
    np.testing.assert_array_equal(found, as_labels(true))


def test_where_two_cells_want_a_voxel_it_is_in_one_of_them(sharp_engine):
    found = through(sharp_engine(), SEEDS[:2], [TRUE[0] | TRUE[1]])
    np.testing.assert_array_equal(found > 0, TRUE[0] | TRUE[1])
    assert set(np.unique(found)) == {0, 1}, "both want all of it with equal logits: the lower label has it"


@pytest.mark.parametrize("trouble", ["absent", "unsure", "tiny"])
def test_where_the_network_is_no_help_the_classical_mask_stays(sharp_engine, trouble):
    engine, masks = sharp_engine(), list(TRUE[1:])
    if trouble == "absent":
        engine.absent = (0.1, 0.2, 0.3)
    elif trouble == "unsure":
        engine.iou = 0.4
    else:
        masks = [disc(p, 1) for p in PLACES[1:]]
    np.testing.assert_array_equal(through(engine, SEEDS[1:], masks), as_labels(SEEDS[1:]))
    if trouble == "unsure":
        np.testing.assert_array_equal(through(engine, SEEDS[1:], masks, min_iou=0.3), as_labels(TRUE[1:]))


def test_one_cell_without_help_leaves_the_others_alone(sharp_engine):
    engine = sharp_engine()
    engine.absent = (0.1,)
    found = through(engine, SEEDS[1:], TRUE[1:])
    np.testing.assert_array_equal(found, as_labels([SEEDS[1], *TRUE[2:]]))


def test_a_mask_is_the_piece_under_its_click(sharp_engine):
    """Two cells of one grey, apart: each gets its own piece, not the other's."""
    found = through(sharp_engine(), [SEEDS[0], SEEDS[2]], [TRUE[0], TRUE[2]], greys=[3, 3])
    np.testing.assert_array_equal(found, as_labels([TRUE[0], TRUE[2]]))


def test_an_empty_frame_asks_nobody():
    found = through(None, [], [])
    assert found.max() == 0


def test_points_lie_inside_whatever_the_shape():
    ring = disc((20, 20), 12) & ~disc((20, 20), 7)
    labels = as_labels([ring, disc((40, 40), 5), disc((40, 49), 4)])
    labels[0:2, 60:64] = 4
    labels[63, 0] = 5
    points = points_inside(labels, 5).astype(int)
    assert [labels[tuple(p)] for p in points] == [1, 2, 3, 4, 5]
    assert np.abs(points[1] - 40).max() <= 1


def test_neighbours_are_clicked_off_if_they_lie_in_the_window():
    centre = np.array([[20.0, 20], [20, 30], [30, 20], [20, 12], [12, 20], [34, 34], [200, 200]])
    picture = SimpleNamespace(lattice=Lattice((256, 256), (1.0, 1.0), 16))
    corner = picture.lattice.corners(centre, 4)
    points, is_in = clicks(centre, corner, picture, 4)
    assert points.shape == (7, 5, 2)
    assert (is_in[:, 0] == 1).all()
    np.testing.assert_array_equal(points[:, 0], centre)
    assert (is_in[0, 1:] == 0).all()
    assert {tuple(p) for p in points[0, 1:]} == {tuple(c) for c in centre[1:5]}
    assert (is_in[6, 1:] == -1).all(), "nobody is near the last one"


def test_a_lone_cell_has_one_click():
    picture = SimpleNamespace(lattice=Lattice((64, 64), (1.0, 1.0), 16))
    points, is_in = clicks(np.array([[9.0, 9.0]]), np.zeros((1, 2), int), picture, 4)
    np.testing.assert_array_equal(is_in, [[1, -1, -1, -1, -1]])
    np.testing.assert_array_equal(points[0, 0], [9, 9])


def crowded(balls):
    rng = np.random.default_rng(2)
    return (1000 * balls((120, 110), rng.uniform(8, 100, (25, 2)), 5) + rng.normal(0, 9, (120, 110))).astype(np.float32)


@pytest.mark.parametrize("tile_px", [64, 1024])
def test_tiles_and_memory_change_nothing(balls, random_engine, tile_px):
    images = ArrayFrames([crowded(balls)], FLAT)
    settings = Sam2SegmentSettings(min_iou=0.0)
    whole = segment_frame(build_segmenter(settings, 10.0, FLAT, random_engine()), images, 0)
    assert whole.max() > 10
    cut = settings.model_copy(update={"seeds": SeedsSettings(tile_px=tile_px)})
    other = segment_frame(build_segmenter(cut, 10.0, FLAT, random_engine(memory_gb=1e-6)), images, 0)
    assert np.mean(whole != other) < 0.01


def test_3d_movies_are_refused():
    with pytest.raises(SettingsError, match=r"2D movies only, but this movie has 3 axes"):
        build_segmenter(Sam2SegmentSettings(), 10.0, Scale((2.0, 1.0, 1.0)))
