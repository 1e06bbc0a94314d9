"""Missing masks in volumes: the network is asked at the right place, once per tile, and never drawn over another cell."""

import numpy as np
import pytest

from samtrack.config.fill import Prompts3dFillSettings, ShapeFillSettings
from samtrack.fill import fill_gaps
from samtrack.fill.judged import MOST
from samtrack.fill.prompts3d import Prompts3dDrawer
from samtrack.stages.fill import cells_of
from samtrack.testing.networks import small_engine3d
from samtrack.types import ArrayFrames, Merges, Origin, Scale, Span

SHAPE = (16, 48, 48)
SCALE = Scale((2.0, 1.0, 1.0))
NONE = Merges.none()
PLACES = {1: (16, 16, 16), 2: (16, 16, 24), 3: (14, 36, 34), 4: (18, 20, 40)}


@pytest.fixture
def movie(make):
    """Four cells that drift; 1 and 3 are missed in frame 1, 3 in frame 2, too."""
    truth = [{k: make.ball(SHAPE, np.array(p) + t, 3.8, SCALE) for k, p in PLACES.items()} for t in range(4)]
    missed = {(1, 1), (3, 1), (3, 2)}
    labels, detections, tracks = make.movie(
        [{k: m for k, m in named.items() if (k, t) not in missed} for t, named in enumerate(truth)], SCALE
    )
    rng = np.random.default_rng(0)
    images = [100 + 900 * np.any(list(named.values()), axis=0) + rng.normal(0, 30, SHAPE) for named in truth]
    return labels, detections, tracks, ArrayFrames([i.astype(np.uint16) for i in images], SCALE), truth


class Spy:
    """A real engine that remembers what it was shown."""

    def __init__(self, seed=5):
        self.real, self.looked, self.asked = small_engine3d(seed, cell_px=8.0), [], []
        self.use, self.side, self.logits_px = self.real.use, self.real.side, self.real.logits_px

    def look(self, tiles):
        self.looked += list(tiles)
        return self.real.look(tiles)

    def ask(self, seen, points, is_in, masks, rounds):
        self.asked.append((points, is_in, masks))
        return self.real.ask(seen, points, is_in, masks, rounds)


def filled(movie, settings, engine, core=None):
    labels, detections, tracks, images, _ = movie
    drawer = Prompts3dDrawer(lambda: engine, images, settings, 8.0, cells_of(detections, tracks))
    return fill_gaps(labels, detections, tracks, NONE, core or Span(0, 4), settings, drawer), drawer


def test_a_mask_of_the_shape_alone_is_the_shape(movie, make):
    labels, detections, tracks, _, truth = movie
    shapes = fill_gaps(labels, detections, tracks, NONE, Span(0, 4), ShapeFillSettings())
    patches, drawer = filled(movie, Prompts3dFillSettings(shape_weight=0.999), Spy())
    assert (drawer.n_drawn, drawer.n_by_shape) == (3, 0)
    for patch, shape in zip(patches, shapes, strict=True):
        assert (patch.frame, patch.track, patch.origin) == (shape.frame, shape.track, Origin.FILLED)
        assert make.overlap(make.whole(patch, SHAPE), make.whole(shape, SHAPE)) > 0.9
        assert make.overlap(make.whole(patch, SHAPE), truth[patch.frame][patch.track]) > 0.8


def test_an_answer_that_cannot_be_the_cell_is_replaced_by_the_shape_and_counted(movie, make):
    labels, detections, tracks, _, _ = movie
    shapes = fill_gaps(labels, detections, tracks, NONE, Span(0, 4), ShapeFillSettings())
    patches, drawer = filled(movie, Prompts3dFillSettings(min_iou=0.999, shape_weight=0.0), Spy())
    assert (drawer.n_drawn, drawer.n_by_shape) == (3, 3)
    for patch, shape in zip(patches, shapes, strict=True):
        np.testing.assert_array_equal(make.whole(patch, SHAPE), make.whole(shape, SHAPE))
    _, drawer = filled(movie, Prompts3dFillSettings(shape_weight=0.0), Spy())
    assert drawer.n_by_shape > 0, "what a network that learnt nothing draws is mostly no cell"


def test_masks_never_lie_on_other_cells(movie, make):
    labels, *_ = movie
    for seed in range(4):
        patches, _ = filled(movie, Prompts3dFillSettings(shape_weight=0.3), Spy(seed))
        for patch in patches:
            assert not labels.read(patch.frame)[make.whole(patch, SHAPE)].any()


def test_blocks_do_not_show(movie):
    settings = Prompts3dFillSettings(shape_weight=0.4)
    whole, _ = filled(movie, settings, Spy())
    parts = [p for t in range(4) for p in filled(movie, settings, Spy(), Span(t, t + 1))[0]]
    assert len(whole) == len(parts) == 3
    for a, b in zip(whole, parts, strict=True):
        assert (a.frame, a.track, a.box) == (b.frame, b.track, b.box)
        np.testing.assert_array_equal(a.mask, b.mask)
        np.testing.assert_array_equal(a.depth, b.depth)


def test_the_network_is_shown_place_neighbours_and_shape(movie):
    spy = Spy()
    filled(movie, Prompts3dFillSettings(negatives=2), spy)
    assert len(spy.looked) == len(spy.asked) <= 3
    points, is_in, masks = spy.asked[0]
    assert is_in[0, 0] == 1
    middle = points[0, 0]
    off = points[0, 1:][is_in[0, 1:] == 0]
    assert len(off) == 1, "cell 2 lies in the tile and is clicked off; the others lie outside"
    np.testing.assert_allclose(off[0] - middle, [0, 0, 8], atol=0.5)
    assert spy.looked[0][tuple(np.round(middle).astype(int))] > 0.8, "the click is on the cell"
    assert masks.shape == (len(points), 32, 32, 32)
    inside = np.argwhere(masks[0] > 0)
    np.testing.assert_allclose(inside.mean(axis=0), middle, atol=1.0)
    assert len(inside) == pytest.approx(np.pi / 6 * 7.6**3, rel=0.25)
    assert masks.min() >= -MOST


def test_a_place_outside_of_the_shape_gives_way_to_its_deepest_voxel(make):
    """A ring is no cell at its middle."""
    ring = make.ball(SHAPE, (16, 24, 24), (4, 12, 12), SCALE) & ~make.ball(SHAPE, (16, 24, 24), (50, 6, 6), SCALE)
    labels, detections, tracks = make.movie([{1: ring}, {2: make.ball(SHAPE, (4, 4, 4), 3, SCALE)}, {1: ring}], SCALE)
    images = ArrayFrames([np.full(SHAPE, 5, np.uint8) + ring for _ in range(3)], SCALE)
    spy = Spy()
    filled((labels, detections, tracks, images, None), Prompts3dFillSettings(), spy)
    ((points, _, masks),) = spy.asked
    assert masks[0][tuple(np.round(points[0, 0]).astype(int))] > 0


def test_without_gaps_nothing_is_opened(movie):
    labels, detections, tracks, images, _ = movie

    def refuse():
        raise AssertionError("opened")

    drawer = Prompts3dDrawer(refuse, images, Prompts3dFillSettings(), 8.0)
    assert fill_gaps(labels, detections, tracks, NONE, Span(0, 1), Prompts3dFillSettings(), drawer) == []
