"""The shown frames: which, and what is drawn on them."""

from dataclasses import replace

import numpy as np
import pytest
from tests.report.test_encode import unpacked

from samtrack.blocks import whole_box
from samtrack.config.report import ReportSettings
from samtrack.report import movie
from samtrack.report.movie import STEPS_OF_PIXEL, choose_frames, draw_movie, find_ways
from samtrack.report.pictures import choose_views
from samtrack.types import ArrayFrames


@pytest.mark.parametrize(("n", "shown"), [(1, 12), (2, 1), (5, 12), (92, 12), (1000, 200)])
def test_frames_are_spread_over_the_movie(n: int, shown: int) -> None:
    frames = choose_frames(n, shown)
    assert len(frames) == min(n, shown)
    assert frames[0] == 0
    assert frames[-1] == (n - 1 if shown > 1 else 0)
    assert len(set(np.diff(frames).tolist())) <= 2


def drawn_labels(shot) -> np.ndarray:
    """The tracks under the pixels of a shot."""
    return np.r_[0, unpacked(shot.tracks)][unpacked(shot.labels)].reshape(shot.shape)


def test_the_labels_of_each_shot_come_along(small) -> None:
    data = small()
    made = draw_movie(data)
    assert made.frames == [0, 2, 4, 6]
    for frame, shot in zip(made.frames, made.shots, strict=True):
        assert np.array_equal(drawn_labels(shot), data.labels.read(frame, whole_box(data.labels.shape)))


def test_a_picture_without_background_has_labels_too(small) -> None:
    data = small()
    full = replace(data, labels=ArrayFrames([np.ones((40, 60), dtype=np.uint32)] * 7, data.images.scale))
    assert (drawn_labels(draw_movie(full).shots[0]) == 1).all()


def test_a_volume_has_a_projection_and_slices_of_each_frame(small) -> None:
    data = small(ndim=3)
    made = draw_movie(data)
    assert len(made.shots) == 4 * 6
    assert [view.z for view in made.views] == [None, 0, 1, 2, 3, 4]
    assert drawn_labels(made.shots[0]).any()
    assert not drawn_labels(made.shots[1]).any()
    assert np.array_equal(drawn_labels(made.shots[0]), drawn_labels(made.shots[3]))


def test_the_page_stays_as_small_as_the_settings_say(small) -> None:
    whole = sum(shot.size for shot in draw_movie(small(report=ReportSettings(frames_shown=7))).shots)
    little = draw_movie(small(report=ReportSettings(frames_shown=7, megabytes=whole / 1e6 / 2)))
    assert 1 < len(little.frames) < 7
    assert sum(shot.size for shot in little.shots) < whole / 2 * 1.1
    assert len(draw_movie(small(report=ReportSettings(megabytes=1e-6))).frames) == 1


def ways_of(data, frames):
    (view,) = choose_views(data.images.shape, data.images.scale, data.detections)
    return find_ways(data, view, frames), view


def test_ways_hold_what_tails_need_by_track_and_time(small) -> None:
    data = small(report=ReportSettings(tail_frames=2))
    ways, view = ways_of(data, [6])
    assert sorted(set(ways.frame.tolist())) == [4, 5, 6]
    order = np.lexsort((ways.frame, ways.track))
    assert order.tolist() == list(range(len(order)))
    rows = data.detections.rows_of(ways.frame, ways.track)
    expected = view.place(data.detections.centroid_um[rows], data.images.scale)
    np.testing.assert_allclose(np.stack([ways.y, ways.x], axis=1) / STEPS_OF_PIXEL, expected, atol=0.07)
    assert not ways.z.any()


def test_rejected_masks_have_no_way(small) -> None:
    ways, _ = ways_of(small(), [0, 3, 6])
    assert 9 not in ways.track.tolist()
    assert 0 not in ways.track.tolist()


def test_tails_are_shorter_where_there_is_no_room(small, monkeypatch) -> None:
    data = small(report=ReportSettings(tail_frames=6))
    assert ways_of(data, [6])[0].tail_frames == 6
    monkeypatch.setattr(movie, "PLACES_SHOWN", 10)
    ways, _ = ways_of(data, [6])
    assert ways.tail_frames == 2
    assert len(ways.track) <= 10
