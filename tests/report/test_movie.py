"""The shown frames: which, and what is drawn on them."""

from dataclasses import replace

import numpy as np
import pytest

from samtrack.config.report import ReportSettings
from samtrack.report.lineages import choose_colours
from samtrack.report.movie import choose_frames, draw_layer, draw_movie, find_cells
from samtrack.report.pictures import COLOURS, LayerColour, choose_views, read_labels
from samtrack.report.tables import find_steps


@pytest.mark.parametrize(("n", "shown"), [(1, 12), (2, 1), (5, 12), (92, 12), (1000, 200)])
def test_frames_are_spread_over_the_movie(n: int, shown: int) -> None:
    frames = choose_frames(n, shown)
    assert len(frames) == min(n, shown)
    assert frames[0] == 0
    assert frames[-1] == (n - 1 if shown > 1 else 0)
    assert len(set(np.diff(frames).tolist())) <= 2


def layer_of(data, frame, view=0):
    """The upper layer of a frame, and its view."""
    seen = choose_views(data.images.shape, data.images.scale, data.detections)[view]
    steps, colours = find_steps(data.detections, data.tracks), choose_colours(data.tracks)
    return draw_layer(data, steps, colours, seen, frame, read_labels(data.labels, frame, seen)), seen


def colours_of(data, layer, group):
    """Colours that a layer uses of one group."""
    return set(layer[(layer >= group) & (layer < group + COLOURS)].tolist())


def test_each_track_of_the_frame_is_outlined_in_its_colour(small) -> None:
    data = small()
    colour = choose_colours(data.tracks)
    assert colours_of(data, layer_of(data, 0)[0], LayerColour.OUTLINE) == set((1 + colour[[1, 2]]).tolist())
    assert colours_of(data, layer_of(data, 6)[0], LayerColour.OUTLINE) == set((1 + colour[[2, 3, 4]]).tolist())


def test_only_the_filled_mask_is_hatched(small) -> None:
    data = small()
    hatched = [colours_of(data, layer_of(data, frame)[0], LayerColour.HATCH) for frame in range(7)]
    assert hatched[3] == {LayerColour.HATCH + choose_colours(data.tracks)[2]}
    assert not any(hatched[:3] + hatched[4:])


def test_tails_are_as_long_as_the_settings_say(small) -> None:
    def width(tail_frames: int) -> int:
        data = small(report=ReportSettings(tail_frames=tail_frames))
        layer, _ = layer_of(data, 2)
        columns = np.nonzero((layer >= LayerColour.TAIL) & (layer < LayerColour.HATCH))[1]
        return int(np.ptp(columns)) if len(columns) else 0

    assert width(0) == 0
    assert 0 < width(1) < width(2) == width(50)


def test_divisions_are_ringed_while_they_are_recent(small) -> None:
    data = small()
    ringed = [bool((layer_of(data, frame)[0] == LayerColour.RING).any()) for frame in range(7)]
    assert ringed == [False, False, True, True, True, True, False]  # tails of 3 frames after the birth in frame 3
    at_once = replace(data, report=ReportSettings(tail_frames=0))
    ringed = [bool((layer_of(at_once, frame)[0] == LayerColour.RING).any()) for frame in range(7)]
    assert ringed == [False, False, True, True, False, False, False]


def test_the_mothers_ring_lies_where_she_was_last_seen(small) -> None:
    data = small()
    layer, view = layer_of(data, 5)
    rows, columns = np.nonzero(layer == LayerColour.RING)
    mother = np.flatnonzero((data.detections.label == 1) & (data.detections.frame == 2))
    at = view.place(data.detections.centroid_um[mother], data.images.scale)[0]
    np.testing.assert_allclose([rows.mean() + 0.5, columns.mean() + 0.5], at, atol=1)


def test_a_cell_that_came_back_is_not_ringed(small) -> None:
    data = small()
    data = replace(data, tracks=replace(data.tracks, parent=[0, 0, 1, 0]))
    assert not (layer_of(data, 3)[0] == LayerColour.RING).any()


def test_far_from_a_slice_no_tail_is_drawn(small) -> None:
    data = small(ndim=3)
    up = data.detections.centroid_um + np.array([100.0, 0, 0])
    far = replace(data, detections=replace(data.detections, centroid_um=up))
    view = choose_views(data.images.shape, data.images.scale, data.detections)[1]
    steps, colours = find_steps(data.detections, data.tracks), choose_colours(data.tracks)
    none = np.zeros(view.shape, dtype=np.uint32)
    assert draw_layer(data, steps, colours, view, 5, none).any()
    assert not draw_layer(far, steps, colours, view, 5, none).any()


def test_cells_are_named_at_their_middle() -> None:
    labels = np.zeros((20, 30), dtype=np.uint32)
    labels[2:5, 10:13], labels[10:19, 20:21] = 7, 3
    assert sorted(find_cells(labels, 5)) == [[11, 3, 7], [20, 14, 3]]
    assert find_cells(labels, 1) == []


def test_a_volume_has_two_views_of_each_frame(small) -> None:
    data = small(ndim=3)
    movie = draw_movie(data, find_steps(data.detections, data.tracks))
    assert [shot.frame for shot in movie.shots] == [0, 0, 2, 2, 4, 4, 6, 6]
    assert len({shot.view for shot in movie.shots}) == 2
    assert len({shot.shape for shot in movie.shots}) == 1
