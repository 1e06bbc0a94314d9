"""Views, outlines, lines and rings on small arrays."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from samtrack.report import pictures
from samtrack.report.pictures import (
    COLOURS,
    PICTURE_PX,
    Contrast,
    LayerColour,
    View,
    choose_views,
    draw_lines,
    draw_outlines,
    draw_rings,
    find_outlines,
    layer_palette,
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


@given(label_images)
def test_drawn_outlines_stay_inside_labels_and_have_their_colour(labels: np.ndarray) -> None:
    colour_of = np.array([0, 7, 11, 13, 17])
    layer = np.zeros(labels.shape, dtype=np.uint8)
    draw_outlines(layer, labels, colour_of, np.array([], dtype=np.int64))
    drawn = layer > 0
    assert (labels[drawn] > 0).all()
    assert np.array_equal(layer[drawn], LayerColour.OUTLINE + colour_of[labels[drawn]])
    assert (drawn | ~find_outlines(labels)).all()


def test_large_labels_get_wide_outlines_inside_of_them() -> None:
    labels = np.zeros((40, 40), dtype=np.uint32)
    labels[5:25, 5:25] = 1
    layer = np.zeros(labels.shape, dtype=np.uint8)
    draw_outlines(layer, labels, np.array([0, 0]), np.array([], dtype=np.int64))
    assert np.count_nonzero(layer) == 20 * 20 - 16 * 16
    assert not layer[labels == 0].any()


def test_filled_masks_are_dashed_and_hatched() -> None:
    labels = np.zeros((30, 60), dtype=np.uint32)
    labels[5:25, 5:25], labels[5:25, 35:55] = 1, 2
    layer = np.zeros(labels.shape, dtype=np.uint8)
    draw_outlines(layer, labels, np.array([0, 3, 4]), np.array([2]))
    seen, filled = layer[:, :30], layer[:, 30:]
    assert set(np.unique(seen)) == {0, LayerColour.OUTLINE + 3}
    assert set(np.unique(filled)) == {0, LayerColour.OUTLINE + 4, LayerColour.HATCH + 4}
    rim = np.count_nonzero(seen == LayerColour.OUTLINE + 3)
    assert 0.3 * rim < np.count_nonzero(filled == LayerColour.OUTLINE + 4) < 0.7 * rim


def test_a_label_that_is_no_track_does_not_break_the_picture() -> None:
    labels = np.full((4, 4), 99, dtype=np.uint32)
    labels[0] = 0
    layer = np.zeros(labels.shape, dtype=np.uint8)
    draw_outlines(layer, labels, np.array([0, 3]), np.array([], dtype=np.int64))
    assert layer.max() == LayerColour.OUTLINE


def test_lines_run_from_pixel_to_pixel_without_holes() -> None:
    layer = np.zeros((10, 20), dtype=np.uint8)
    draw_lines(layer, np.array([[1.5, 2.5]]), np.array([[6.5, 17.5]]), np.array([9]))
    rows, columns = np.nonzero(layer)
    assert sorted(columns.tolist()) == list(range(2, 18))
    assert (layer[1, 2], layer[6, 17]) == (9, 9)
    assert np.abs(np.diff(rows[np.argsort(columns)])).max() <= 1


def test_what_lies_outside_of_the_picture_is_left_out() -> None:
    layer = np.zeros((5, 5), dtype=np.uint8)
    draw_lines(layer, np.array([[-50.0, 2.2]]), np.array([[50.0, 2.2]]), np.array([1]))
    draw_rings(layer, np.array([[100.0, 100.0]]), 3.0)
    assert np.array_equal(np.nonzero(layer)[1], [2] * 5)
    draw_lines(layer, np.zeros((0, 2)), np.zeros((0, 2)), np.zeros(0, dtype=np.int64))
    draw_rings(layer, np.zeros((0, 2)), 3.0)


def test_a_ring_is_round_and_hollow() -> None:
    layer = np.zeros((31, 31), dtype=np.uint8)
    draw_rings(layer, np.array([[15.5, 15.5]]), 6.0)
    distance = np.hypot(*(np.indices(layer.shape) - 15))
    assert (layer[np.abs(distance - 6) < 0.5] == LayerColour.RING).all()
    assert not layer[(distance < 3.5) | (distance > 8.5)].any()
    assert np.array_equal(layer, layer.T)


def test_groups_of_colours_do_not_overlap() -> None:
    palette = layer_palette()
    assert len(palette) > LayerColour.HALO
    assert palette[LayerColour.NOTHING, 3] == 0
    alpha = [set(palette[i : i + COLOURS, 3]) for i in (LayerColour.OUTLINE, LayerColour.TAIL, LayerColour.HATCH)]
    assert [len(a) for a in alpha] == [1, 1, 1]
    assert min(alpha[0]) == 255
    assert np.array_equal(
        palette[LayerColour.OUTLINE : LayerColour.TAIL, :3], palette[LayerColour.TAIL : LayerColour.HATCH, :3]
    )


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


def test_a_slice_shows_one_plane_and_what_is_near_it(small) -> None:
    data = small(ndim=3)
    projection, cut = choose_views(data.images.shape, data.images.scale, data.detections)
    assert (projection.name, cut.name) == ("projection", "slice z = 2")
    assert cut.box.shape == (1, 40, 60)
    near = cut.is_near(np.array([[4.0, 0, 0], [5.9, 0, 0], [6.1, 0, 0], [1.9, 0, 0]]), data.images.scale, 2.0)
    assert near.tolist() == [True, True, False, False]
    assert projection.is_near(np.array([[0.0, 0, 0], [8.0, 0, 0]]), data.images.scale, 0.0).all()


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
