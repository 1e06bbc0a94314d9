"""What the classical segmenter finds, and what it must not find."""

from itertools import pairwise

import numpy as np
import pytest
from scipy import ndimage

from samtrack.errors import DataError

RNG = np.random.default_rng


def overlap(labels, truth):
    """Best Jaccard index of any label with a true mask."""
    inside = np.unique(labels[truth])
    scores = [np.sum((labels == v) & truth) / np.sum((labels == v) | truth) for v in inside if v]
    return max(scores, default=0.0)


GRID = [(y, x) for y in (20, 55, 90) for x in (18, 50, 85)]


def test_finds_each_cell_with_its_border(balls, segmented):
    image = 100 + 400 * balls((110, 105), GRID, 8.0) + RNG(0).normal(0, 10, (110, 105))
    labels = segmented(image.astype(np.uint16), 16.0)
    assert labels.max() == len(GRID)
    for centre in GRID:
        assert overlap(labels, balls((110, 105), [centre], 8.0) > 0.5) > 0.85


def test_dim_and_bright_cells_keep_their_size(balls, segmented):
    levels = np.geomspace(40, 4000, len(GRID))
    image = sum(level * balls((110, 105), [c], 8.0) for level, c in zip(levels, GRID, strict=True))
    labels = segmented((image + 200 + RNG(1).normal(0, 4, (110, 105))).astype(np.float32), 16.0)
    assert labels.max() == len(GRID)
    sizes = np.bincount(labels.ravel())[1:]
    assert sizes.max() < 1.35 * sizes.min()


@pytest.mark.parametrize("gap_px", [14.0, 16.0, 18.0])
def test_touching_cells_are_split(balls, segmented, gap_px):
    centres = [(40, 40), (40, 40 + gap_px)]
    image = (100 + 400 * balls((80, 100), centres, 8.0, soft_px=2.0) + RNG(2).normal(0, 8, (80, 100))).astype(
        np.float32
    )
    labels = segmented(image, 16.0)
    assert labels.max() == 2
    assert labels[40, 36] != labels[40, int(44 + gap_px)]
    if gap_px == 14.0:  # the others part at a threshold where both are whole
        assert segmented(image, 16.0, split=0.0).max() == 1


def test_one_long_cell_is_not_split(segmented):
    y, x = np.mgrid[:80, :100]
    cell = ((y - 40) / 6.0) ** 2 + ((x - 50) / 16.0) ** 2 < 1
    image = (
        100 + 400 * ndimage.gaussian_filter(cell.astype(np.float32), 1.0) + RNG(3).normal(0, 8, cell.shape)
    ).astype(np.float32)
    labels = segmented(image, 18.0)
    assert labels.max() == 1
    assert overlap(labels, cell) > 0.8


@pytest.mark.parametrize("diameter_um", [5.0, 12.0, 30.0])
@pytest.mark.parametrize("kind", ["constant", "normal", "poisson", "correlated", "slope", "one grey level"])
def test_an_empty_frame_gives_no_cells(segmented, kind, diameter_um):
    rng, shape = RNG(4), (300, 300)
    image = {
        "constant": np.full(shape, 32768, np.uint16),
        "normal": rng.normal(1000, 20, shape).astype(np.uint16),
        "poisson": rng.poisson(3 if diameter_um < 10 else 0.5, shape).astype(np.uint8),
        "correlated": ndimage.gaussian_filter(rng.normal(0, 1, shape), diameter_um / 8).astype(np.float32),
        "slope": (rng.normal(0, 2, shape) + np.linspace(0, 400, 300)).astype(np.float32),
        "one grey level": (100 + np.add.outer(np.arange(300), np.arange(300)) // 100).astype(np.uint8),
    }[kind]
    assert segmented(image, diameter_um).max() == 0


@pytest.mark.parametrize("noise_sd", [0.01, 1.0, 100.0, 3000.0])
def test_noise_of_any_level_gives_no_cells_in_3d(segmented, noise_sd):
    image = RNG(5).normal(10_000, noise_sd, (20, 60, 60)).astype(np.float32)
    assert segmented(image, 12.0, (3.0, 1.0, 1.0)).max() == 0
    assert segmented(image[0], 12.0, polarity="texture").max() == 0


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (3, 2), (7, 7), (1, 1, 1), (1, 30, 30), (2, 3, 5)])
def test_frames_smaller_than_a_cell_are_no_trouble(segmented, shape):
    for image in (np.zeros(shape, np.uint8), RNG(6).integers(0, 255, shape).astype(np.uint8)):
        labels = segmented(image, 12.0)
        assert labels.shape == shape
        assert labels.dtype == np.uint32


def test_a_stack_of_one_slice_is_treated_as_a_picture(balls, segmented):
    image = (100 + 400 * balls((110, 105), GRID, 8.0)).astype(np.uint16)
    stack = segmented(image[None], 16.0, (2.0, 1.0, 1.0))
    assert stack.shape == (1, 110, 105)
    assert stack.max() == len(GRID)
    for centre in GRID:
        assert overlap(stack[0], balls((110, 105), [centre], 8.0) > 0.5) > 0.8


def test_anisotropic_stacks(balls, segmented):
    scale, shape = (3.0, 1.0, 1.0), (16, 60, 60)
    centres = [(4, 15, 15), (4, 15, 40), (11, 40, 18), (10, 42, 42)]
    image = (50 + 300 * balls(shape, centres, 6.0, scale) + RNG(7).normal(0, 10, shape)).astype(np.uint16)
    labels = segmented(image, 12.0, scale)
    assert labels.max() == 4
    for centre in centres:
        assert overlap(labels, balls(shape, [centre], 6.0, scale) > 0.5) > 0.75


def test_units_do_not_matter(crowd, segmented):
    """Half the voxel size and half the diameter are the same picture."""
    image = crowd((120, 120), 25, 8.0, 8)
    np.testing.assert_array_equal(segmented(image, 16.0, (1.0, 1.0)), segmented(image, 8.0, (0.5, 0.5)))


def test_offset_and_type_of_the_voxels_do_not_matter(crowd, segmented):
    image = crowd((120, 120), 25, 8.0, 9)
    expected = segmented(image, 16.0)
    assert expected.max() > 8
    np.testing.assert_array_equal(segmented(image - np.uint16(30000), 16.0), expected)
    np.testing.assert_array_equal(segmented(image.astype(np.float32), 16.0), expected)
    np.testing.assert_array_equal(segmented(image.astype(np.float64) + 1e9, 16.0), expected)
    np.testing.assert_array_equal(segmented(image.astype(np.uint32) + np.uint32(4_000_000_000), 16.0), expected)


def test_dark_cells_are_the_negative_of_bright_ones(crowd, segmented):
    image = crowd((120, 120), 25, 8.0, 10)
    np.testing.assert_array_equal(segmented(65535 - image, 16.0, polarity="dark"), segmented(image, 16.0))
    assert segmented(image, 16.0).max() > 8


def test_texture_tells_cells_of_equal_brightness(balls, segmented):
    rng, shape = RNG(11), (160, 160)
    centres = [(40, 40), (40, 115), (115, 75)]
    grain = ndimage.gaussian_filter(rng.normal(0, 1, shape), 1.0) * 150
    image = (120 + balls(shape, centres, 20.0) * grain + rng.normal(0, 2, shape)).clip(0, 255).astype(np.uint8)
    labels = segmented(image, 40.0, polarity="texture")
    assert labels.max() == 3
    for centre in centres:
        assert overlap(labels, balls(shape, [centre], 20.0) > 0.5) > 0.6


def test_higher_sensitivity_to_the_border_means_smaller_cells(balls, segmented):
    image = (100 + 400 * balls((110, 105), GRID, 8.0, soft_px=4.0)).astype(np.uint16)
    sizes = [np.count_nonzero(segmented(image, 16.0, sensitivity=s)) for s in (0.2, 0.4, 0.6, 0.8)]
    assert all(a > b for a, b in pairwise(sizes))


def test_debris_is_dropped_and_daughters_are_kept(balls, segmented):
    image = 500 * (balls((80, 120), [(40, 30)], 1.0) + balls((80, 120), [(40, 80)], 8.0 * 0.3**0.5))
    image = (100 + image + RNG(12).normal(0, 5, image.shape)).astype(np.float32)
    labels = segmented(image, 16.0)
    assert labels.max() == 1
    assert labels[40, 80] == 1


def test_the_same_frame_gives_the_same_bytes(crowd, segmented):
    image = crowd((120, 120), 40, 8.0, 13)
    assert segmented(image, 16.0).tobytes() == segmented(image.copy(), 16.0).tobytes()


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_not_finite_is_told(segmented, bad):
    image = np.zeros((60, 60), np.float32)
    image[33, 31] = bad
    with pytest.raises(DataError, match="frame 0: the image holds NaN or infinite values"):
        segmented(image, 16.0)
