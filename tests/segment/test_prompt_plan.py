"""Which tiles the network sees and where it is clicked: once per tile, on cells and off their neighbours."""

import numpy as np
import pytest

from samtrack.config.segment import Prompts3dSettings
from samtrack.segment.prompt_plan import plan_prompts
from samtrack.segment.spots import Spots
from samtrack.testing.networks import small_engine3d
from samtrack.types import ArrayFrames, Scale

SCALE = Scale((2.0, 1.0, 1.0))
SHAPE = (20, 64, 64)


@pytest.fixture
def planned(monkeypatch):
    """A plan for points, and the list of what its engine looked at."""
    looked = []

    def plan(point, diameter_um=10.0, image=None, **settings):
        engine = small_engine3d()
        look = engine.look
        monkeypatch.setattr(engine, "look", lambda tiles: looked.extend(tiles) or look(tiles))
        image = np.random.default_rng(0).integers(50, 900, SHAPE).astype(np.uint16) if image is None else image
        images = ArrayFrames([image], SCALE)
        chosen = Prompts3dSettings(**settings)
        return plan_prompts(chosen, engine, images, 0, diameter_um, Spots(np.array(point, dtype=float)))

    return plan, looked


def test_one_look_for_all_cells_of_a_tile_and_none_for_tiles_without(planned):
    plan, looked = planned
    point = [[5, 10, 10], [6, 11, 14], [6, 13, 12], [9, 55, 55]]
    made = plan(point)
    tiles = np.unique(made.tile).tolist()
    assert 1 < len(tiles) < len(point)
    answers = {tile: made.answer(tile) for tile in tiles for _ in range(3)}
    assert len(looked) == len(tiles)
    assert sum(len(a.logits) for a in answers.values()) == len(point)


def test_answers_make_room_for_others(planned):
    plan, looked = planned
    made = plan([[5, 5, 5], [9, 55, 55]])
    object.__setattr__(made.engine.use, "memory_gb", 1e-5)
    a, b = np.unique(made.tile).tolist()
    first = made.answer(a)
    made.answer(b)
    again = made.answer(a)
    assert len(looked) == 3
    np.testing.assert_array_equal(first.logits, again.logits)


def test_neighbours_are_clicked_off_if_they_lie_in_the_tile(planned):
    plan, _ = planned
    made = plan([[5, 12, 12], [5, 12, 22], [5, 12, 13], [5, 12, 60]], negatives=3)
    cells = made.cells_of(int(made.tile[0]))
    points, is_in = made.clicks(cells)
    assert points.shape == (len(cells), 5, 3)
    row = cells.tolist().index(0)
    back = made.tiles.to_frame(points[row], made.corner[0])
    np.testing.assert_allclose(back[0], [5, 12, 12], atol=1e-9)
    assert is_in[row][0] == 1
    off = {tuple(np.round(p).astype(int)) for p in back[is_in[row] == 0]}
    assert off == {(5, 12, 22)}, "not the point in the same cell, not the one outside of the tile"


def test_without_negatives_or_neighbours_there_is_one_click(planned):
    plan, _ = planned
    for made in (plan([[5, 12, 12], [5, 12, 22]], negatives=0), plan([[5, 12, 12]])):
        _, is_in = made.clicks(made.cells_of(int(made.tile[0])))
        assert (is_in[:, 0] == 1).all()
        assert (is_in[:, 1:] == -1).all()


def test_cells_are_shown_at_the_size_that_the_network_likes_with_equal_voxels(planned):
    """A ball of 10 µm in voxels of 2 µm by 1 µm is as long as wide in the tile, and as large as asked for."""
    plan, looked = planned
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in SHAPE), indexing="ij"), -1)
    ball = np.linalg.norm((grid - [9, 40, 33]) * SCALE.voxel_um, axis=-1) <= 5
    made = plan([[9, 40, 33]], image=(100 + 1000 * ball).astype(np.uint16))
    made.answer(int(made.tile[0]))
    inside = np.argwhere(looked[0] > 0.5)
    extent = np.ptp(inside, axis=0) + 1
    assert np.abs(extent - made.engine.use.cell_px).max() <= 2.01
    np.testing.assert_allclose(inside.mean(axis=0), made.tiles.to_tile([9, 40, 33], made.corner[0]), atol=0.3)


def test_the_way_of_the_seed_is_a_raw_block_around_each_point(planned):
    plan, looked = planned
    made = plan([[5, 12, 12], [9, 40, 33]], compat="seed")
    assert made.tile.tolist() == [0, 1]
    made.answer(1)
    image = made.images.read(0)
    block = np.zeros((32, 32, 32), np.float32)
    block[7:27] = image[:, 24:56, 17:49]
    np.testing.assert_array_equal(looked[0], block)
