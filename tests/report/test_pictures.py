"""Views, outlines and grey values of small arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from samtrack.report import pictures
from samtrack.report.pictures import (
    PICTURE_PX,
    Contrast,
    View,
    choose_views,
    find_outlines,
    measure_contrast,
    read_labels,
    read_picture,
    to_grey,
)
from samtrack.types import ArrayFrames, Box, Detections, Scale

FLAT = Scale((1.0, 1.0))
label_images = hnp.arrays(np.uint32, hnp.array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.integers(0, 4))


@given(label_images)
def test_outlines_are_just_the_label_pixels_beside_something_else(labels: np.ndarray) -> None:
    outline = find_outlines(labels)
    wide = np.pad(labels, 1, mode="edge")
    beside = [wide[:-2, 1:-1], wide[2:, 1:-1], wide[1:-1, :-2], wide[1:-1, 2:]]
    expected = (labels > 0) & np.any([labels != other for other in beside], axis=0)
    assert np.array_equal(outline, expected)


def test_a_large_frame_is_shrunk_and_a_small_one_enlarged() -> None:
    (large,) = choose_views((2100, 4000), FLAT, Detections.empty(2))
    assert (large.shape, large.box.shape) == ((504, 960), (2100, 4000))
    (small,) = choose_views((30, 60), FLAT, Detections.empty(2))
    assert small.shape == (240, 480)
    (tall,) = choose_views((3000, 10), FLAT, Detections.empty(2))
    assert tall.shape == (PICTURE_PX, 3)


def test_oblong_voxels_give_square_pixels() -> None:
    (view,) = choose_views((100, 100), Scale((2.0, 1.0)), Detections.empty(2))
    assert view.shape == (960, 480)


def test_small_cells_in_a_large_frame_are_shown_in_part(tabled) -> None:
    corner = np.array([2000, 3000])
    detections = tabled([(0, 1, corner + 2.0, 13, corner, corner + 4)], FLAT)
    (view,) = choose_views((4000, 8000), FLAT, detections)
    assert max(view.shape) == PICTURE_PX
    assert view.box.shape[1] < 8000
    at = view.place(detections.centroid_um, FLAT)[0]
    np.testing.assert_allclose(at, np.array(view.shape) / 2, atol=3)
    edge = tabled([(0, 1, np.array([1.0, 1.0]), 13, corner * 0, corner * 0 + 3)], FLAT)
    assert choose_views((4000, 8000), FLAT, edge)[0].box.start == (0, 0)


def test_places_agree_with_pictures() -> None:
    labels = np.zeros((50, 80), dtype=np.uint32)
    labels[20:25, 60:65] = 1
    frames = ArrayFrames([labels], FLAT)
    view = View("", Box((10, 40), (40, 80)), (60, 80))
    picture = read_labels(frames, 0, view)
    middle = np.argwhere(picture == 1).mean(axis=0) + 0.5
    np.testing.assert_allclose(view.place(np.array([[22.0, 62.0]]), FLAT)[0], middle, atol=0.51)


def test_volumes_show_the_brightest_voxel_and_the_first_label(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(1)
    image = rng.integers(0, 1000, (9, 6, 7)).astype(np.uint16)
    labels = rng.integers(0, 3, (9, 6, 7)).astype(np.uint32) * (rng.random((9, 6, 7)) < 0.3)
    scale = Scale((1.0, 1.0, 1.0))
    view = View("", Box((0, 0, 0), (9, 6, 7)), (6, 7))
    expected = np.zeros((6, 7), dtype=np.uint32)
    for plane in labels[::-1]:
        expected[plane > 0] = plane[plane > 0]
    for slab_voxels in (10**9, 1, 100):  # whatever is read at once
        monkeypatch.setattr(pictures, "LAYER_VOXELS", slab_voxels)
        assert np.array_equal(read_picture(ArrayFrames([image], scale), 0, view), image.max(axis=0))
        assert np.array_equal(read_labels(ArrayFrames([labels], scale), 0, view), expected)


def test_slices_are_spread_over_the_volume(small) -> None:
    data = small(ndim=3)
    projection, cut = choose_views(data.images.shape, data.images.scale, data.detections)
    assert (projection.name, projection.z) == ("projection", None)
    assert (cut.name, cut.z, cut.box.shape) == ("z = 2", 2, (1, 40, 60))
    every = choose_views(data.images.shape, data.images.scale, data.detections, 24)
    assert [view.z for view in every] == [None, 0, 1, 2, 3, 4]
    some = choose_views((100, 40, 60), data.images.scale, data.detections, 4)
    assert [view.z for view in some] == [None, 12, 37, 62, 87]


def test_a_volume_of_one_plane_has_a_slice(small) -> None:
    data = small(ndim=3)
    assert [view.z for view in choose_views((1, 40, 60), data.images.scale, data.detections, 24)] == [None, 0]


def test_grey_runs_from_black_to_white() -> None:
    ramp = np.linspace(32768, 33768, 1000, dtype=np.float32).reshape(20, 50)
    contrast = measure_contrast([ramp])
    grey = to_grey(ramp, contrast)
    assert (grey.min(), grey.max()) == (0, 255)
    assert contrast.gamma == 1.0
    assert (np.diff(grey.ravel().astype(int)) >= 0).all()


def test_dark_movies_are_brightened_but_not_without_end() -> None:
    dark = np.zeros((100, 100), dtype=np.float32)
    dark[:10, :10] = 50
    dark[50:52] = 1000
    assert measure_contrast([dark]).gamma == 0.5
    assert to_grey(dark, Contrast(0, 1000, 0.5))[0, 0] > to_grey(dark, Contrast(0, 1000, 1.0))[0, 0]


@pytest.mark.parametrize("value", [0.0, 7.0, 65535.0])
def test_no_contrast_is_mid_grey(value: float) -> None:
    flat = np.full((4, 5), value, dtype=np.float32)
    assert (to_grey(flat, measure_contrast([flat])) == 128).all()


def test_a_few_bright_voxels_in_a_flat_movie_are_seen() -> None:
    flat = np.zeros((100, 100), dtype=np.float32)
    flat[0, 0] = 5
    grey = to_grey(flat, measure_contrast([flat]))
    assert (grey[0, 0], grey[1, 1]) == (255, 0)


def test_what_is_not_a_number_is_black() -> None:
    image = np.ones((4, 4), dtype=np.float32)
    image[0] = np.nan
    image[1] = np.inf
    picture = read_picture(ArrayFrames([image], FLAT), 0, View("", Box((0, 0), (4, 4)), (4, 4)))
    assert picture[:, 0].tolist() == [0, 0, 1, 1]
