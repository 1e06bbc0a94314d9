"""Masks around points: voxels to the surest, one piece per cell, nothing lost unseen, the same whatever the tiles."""

import numpy as np
import pytest
from scipy import ndimage

from samtrack.config.seed_files import SeedFileSettings
from samtrack.config.segment import Prompts3dSettings, SeedsSettings
from samtrack.errors import SettingsError
from samtrack.models.sammed3d.mosaic import logits_at
from samtrack.segment import build_segmenter, segment_frame
from samtrack.segment.prompts3d import MOST_CELLS
from samtrack.testing.networks import small_engine3d
from samtrack.types import ArrayFrames, Scale

SCALE = Scale((2.0, 1.0, 1.0))
FILE = SeedFileSettings()
BALL = np.pi / 6 * 6**3 / 2
"""Voxels of a cell of 6 µm."""


@pytest.fixture(scope="module")
def images(crowd):
    return ArrayFrames([crowd((12, 160, 40), 40, 3.0, 3, SCALE.um_per_voxel)], SCALE)


def points_of(images, n=40, seed=1):
    points = np.random.default_rng(seed).uniform(0, np.array(images.shape) - 1, (n, 3)) * SCALE.voxel_um
    return lambda frame: points


def drawn(images, settings, points=None, seed=5):
    """Labels by a network of random weights, to which cells are large, so that most of what it draws could be a cell."""
    segmenter = build_segmenter(settings, 6.0, SCALE, engine3d=small_engine3d(seed, cell_px=20.0), points_um=points)
    return segment_frame(segmenter, images, 0), segmenter


@pytest.mark.parametrize("kind", ["seeds", "file", "seed's way"])
def test_the_size_of_tiles_does_not_show(images, kind, monkeypatch):
    points = None if kind == "seeds" else points_of(images)
    seeds = SeedsSettings(tile_px=64) if kind == "seeds" else FILE
    settings = Prompts3dSettings(seeds=seeds, compat="seed" if kind == "seed's way" else None)
    whole, one = drawn(images, settings, points)
    monkeypatch.setattr("samtrack.segment.prompts3d.SIDE", 20)
    parts, many = drawn(images, settings, points)
    assert whole.max() > 5
    np.testing.assert_array_equal(whole, parts)
    assert str(one.tally) == str(many.tally)
    assert whole.max() == one.tally.cells - one.tally.lost
    if settings.compat is None:
        assert 0 < one.tally.kept < one.tally.cells, "some drawn by the network, some not"


def test_a_lone_cell_is_the_piece_of_its_logits_under_the_click(images):
    settings, by_network = Prompts3dSettings(seeds=FILE), 0
    for point in np.random.default_rng(5).uniform([4, 20, 8], [20, 140, 32], (12, 3)):
        labels, segmenter = drawn(images, settings, lambda _, at=point: at[None])
        plan = segmenter.frame_facts(images, 0).plan
        answer = plan.answer(int(plan.tile[0]))
        (logits,) = logits_at(answer.logits, plan.tiles, plan.corner, np.zeros((1, 3), int), images.shape, -1.0)
        at = np.floor(point / SCALE.voxel_um + 0.5).astype(int)
        beyond = np.abs(np.stack(np.indices(images.shape), -1) - at) > [4, 8, 8]
        pieces, _ = ndimage.label((logits > 0) & ~beyond.any(axis=-1))
        expected = (pieces == pieces[tuple(at)]) & (pieces > 0)
        if 0.15 * BALL <= expected.sum() <= MOST_CELLS * BALL:
            by_network += 1
            np.testing.assert_array_equal(labels > 0, expected)
            assert segmenter.tally.kept == 0
        else:
            assert segmenter.tally.kept == 1
            assert np.linalg.norm(np.argwhere(labels) * SCALE.voxel_um - point, axis=1).max() < 3
    assert 2 < by_network < 12


def test_no_voxel_is_shared_and_each_cell_is_one_piece(images):
    labels, _ = drawn(images, Prompts3dSettings(seeds=FILE, min_size_fraction=0.02), points_of(images, 60))
    values = np.unique(labels)[1:]
    assert values.tolist() == list(range(1, len(values) + 1))
    assert all(ndimage.label(labels == value)[1] == 1 for value in values)


def test_where_the_network_is_not_sure_the_classical_masks_stay(images):
    classical = segment_frame(build_segmenter(SeedsSettings(), 6.0, SCALE), images, 0)
    engine_iou = Prompts3dSettings(min_iou=0.999)
    labels, segmenter = drawn(images, engine_iou)
    assert segmenter.tally.kept == segmenter.tally.cells == classical.max()
    np.testing.assert_array_equal(labels, classical)


def test_points_without_masks_become_balls_that_part_halfway(images):
    points = np.array([[12.0, 30, 20], [12.0, 30, 24], [12.0, 70, 30]])
    labels, segmenter = drawn(images, Prompts3dSettings(seeds=FILE, min_iou=0.999), lambda _: points)
    assert (segmenter.tally.cells, segmenter.tally.kept, segmenter.tally.lost) == (3, 3, 0)
    at = np.argwhere(labels == 3)
    assert len(at) == pytest.approx(BALL, rel=0.1)
    np.testing.assert_allclose(at.mean(axis=0), [6, 70, 30], atol=0.1)
    assert np.argwhere(labels == 1)[:, 2].max() <= 22 <= np.argwhere(labels == 2)[:, 2].min()


def test_two_points_in_one_place_are_one_cell_and_the_other_is_counted(images):
    points = np.array([[16.0, 30, 24], [16.0, 30, 24]])
    labels, segmenter = drawn(images, Prompts3dSettings(seeds=FILE), lambda _: points)
    assert labels.max() == 1
    assert (segmenter.tally.cells, segmenter.tally.lost) == (2, 1)
    assert str(segmenter.tally).startswith("of 2 points ")


def test_a_frame_without_cells_asks_nobody():
    empty = ArrayFrames([np.full((12, 40, 40), 9, np.uint16)], SCALE)
    labels, segmenter = drawn(empty, Prompts3dSettings())
    assert labels.max() == 0
    assert segmenter.tally.cells == 0
    labels, _ = drawn(empty, Prompts3dSettings(seeds=FILE), lambda _: np.zeros((0, 3)))
    assert labels.max() == 0


def test_a_stack_of_few_slices_is_drawn(crowd):
    flat = ArrayFrames([crowd((2, 60, 60), 12, 3.0, 4, SCALE.um_per_voxel)], SCALE)
    labels, _ = drawn(flat, Prompts3dSettings())
    assert labels.shape == (2, 60, 60)
    assert labels.max() > 0


def test_a_flat_movie_is_refused_with_the_method_that_fits():
    with pytest.raises(SettingsError, match=r"3D movies only, but this movie has 2 axes. Choose segment.method: sam2"):
        build_segmenter(Prompts3dSettings(), 10.0, Scale((1.0, 1.0)))
    with pytest.raises(ValueError, match="needs an engine"):
        build_segmenter(Prompts3dSettings(), 10.0, SCALE)
    with pytest.raises(ValueError, match=r"segment\.seeds\.method file needs points"):
        build_segmenter(Prompts3dSettings(seeds=FILE), 10.0, SCALE, engine3d=small_engine3d())
