import numpy as np
import pytest
from scipy import ndimage

from samtrack.config.simulate import SimulateSettings
from samtrack.simulate.mask_errors import (
    merge_neighbours,
    miss_cells,
    shake_outlines,
    shuffle_labels,
    split_cells,
    spoil_masks,
    touching_labels,
)

NONE = {"missed": 0.0, "merged": 0.0, "split": 0.0, "spurious": 0.0, "boundary_um": 0.0}


def checks(n: int, gap: int, size: int = 8, ndim: int = 2) -> np.ndarray:
    """n**ndim square cells with ``gap`` background voxels between them and 3 around."""
    one = np.arange(n * (size + gap)) // (size + gap) + 1
    one[np.arange(len(one)) % (size + gap) >= size] = 0
    one = np.pad(one, 3)
    index = np.meshgrid(*[one] * ndim, indexing="ij")
    inside = np.logical_and.reduce([i > 0 for i in index])
    number = sum((i - 1) * n**k for k, i in enumerate(index)) + 1
    return np.where(inside, number, 0).astype(np.uint32)


def rng() -> np.random.Generator:
    return np.random.default_rng(3)


def recipe(shape: tuple[int, ...], **masks: float) -> SimulateSettings:
    return SimulateSettings(shape_px=shape, cells={"count": 0, "diameter_um": 6.0}, masks={**NONE, **masks})


@pytest.mark.parametrize("ndim", [2, 3])
def test_without_errors_only_the_labels_change(ndim: int) -> None:
    truth = checks(4, 3, ndim=ndim)
    masks = spoil_masks(recipe(truth.shape), truth, np.ones(truth.max() + 1), 5)
    n = 4**ndim
    assert masks.dtype == np.uint16
    assert np.array_equal(masks > 0, truth > 0)
    pairs = np.unique(np.stack([truth.ravel(), masks.ravel()]), axis=1)
    assert pairs.shape[1] == n + 1
    assert sorted(pairs[1]) == list(range(n + 1))
    assert not np.array_equal(pairs[0], pairs[1])
    again = spoil_masks(recipe(truth.shape), truth, np.ones(truth.max() + 1), 6)
    assert not np.array_equal(masks, again), "ids must say nothing from frame to frame"


def test_missed_cells_are_as_many_as_asked_for_and_dim_ones_more() -> None:
    truth = checks(40, 2)
    chance = np.where(np.arange(truth.max() + 1) % 2, 0.3, 0.1)
    left = np.unique(miss_cells(truth, chance, rng()))[1:]
    assert (left % 2 == 1).sum() / 800 == pytest.approx(0.7, abs=0.05)
    assert (left % 2 == 0).sum() / 800 == pytest.approx(0.9, abs=0.04)


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize(("gap", "touch"), [(0, True), (1, True), (2, True), (3, False)])
def test_neighbours_touch_up_to_two_voxels_apart(ndim: int, gap: int, touch: bool) -> None:
    truth = checks(3, gap, size=4, ndim=ndim)
    pairs, _ = touching_labels(truth)
    assert len(pairs) == (ndim * 2 * 3 ** (ndim - 1) if touch else 0)


@pytest.mark.parametrize("gap", [0, 1, 2])
def test_merged_masks_are_one_connected_object(gap: int) -> None:
    truth = checks(12, gap)
    merged = merge_neighbours(truth, 0.1, rng())
    labels = np.unique(merged)[1:]
    assert len(labels) < 144 - 10
    assert np.array_equal(merged[truth > 0] > 0, np.ones((truth > 0).sum(), dtype=bool))
    for label in labels:
        assert ndimage.label(merged == label)[1] == 1
        assert (merged == label).sum() >= 64
    assert np.array_equal(merge_neighbours(truth, 0.0, rng()), truth)


def test_split_cells_are_two_parts_of_what_they_were() -> None:
    truth = checks(12, 2)
    split = split_cells(truth, 0.2, np.array([1.0, 1.0]), rng())
    assert np.array_equal(split > 0, truth > 0)
    parts = [np.unique(split[truth == label]) for label in range(1, 145)]
    cut = [p for p in parts if len(p) == 2]
    assert 15 < len(cut) < 45
    assert all(len(p) in (1, 2) for p in parts)
    for pair in cut:
        for part in pair:
            assert ndimage.label(split == part)[1] == 1
            assert (split == part).sum() >= 4


def test_spurious_masks_lie_on_the_background() -> None:
    truth = checks(8, 8)
    masks = spoil_masks(recipe(truth.shape, spurious=0.3), truth, np.ones(65), 0)
    new = np.setdiff1d(np.unique(masks[truth == 0]), [0])
    assert 4 <= len(new) <= 40
    assert not np.isin(masks[truth > 0], new).any()


def test_outlines_shake_by_as_much_as_asked_for() -> None:
    truth = np.zeros((200, 400), dtype=np.uint32)
    truth[:100] = 1
    truth[100:] = 2
    shaken = shake_outlines(recipe(truth.shape, boundary_um=1.0), truth, rng())
    edge = (shaken == 1).sum(axis=0) - 100
    assert edge.std() == pytest.approx(2.0, rel=0.4)  # 1 µm is 2 voxels
    assert (shaken > 0).all()


def test_labels_are_dense_after_all_errors() -> None:
    truth = checks(10, 1)
    settings = recipe(truth.shape, missed=0.1, merged=0.1, split=0.1, spurious=0.1, boundary_um=0.5)
    masks = spoil_masks(settings, truth, np.ones(101), 2)
    labels = np.unique(masks)
    assert labels.tolist() == list(range(len(labels)))
    assert np.array_equal(masks, spoil_masks(settings, truth, np.ones(101), 2))


def test_more_masks_than_16_bit_hold() -> None:
    many = np.arange(300 * 300, dtype=np.uint32).reshape(300, 300)
    assert shuffle_labels(many, rng()).dtype == np.uint32
