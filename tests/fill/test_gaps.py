"""Gaps of tracks are found and filled, the same whatever the blocks are."""

import numpy as np
import pytest

from samtrack.config.fill import NoFillSettings, ShapeFillSettings
from samtrack.errors import DataError
from samtrack.fill import fill_gaps
from samtrack.fill.gaps import find_missing
from samtrack.types import MERGE_ROLES, ArrayFrames, Detections, Merges, Origin, Scale, Span, Tracks

SHAPE = (48, 48)
SQUARE = Scale((1.0, 1.0))
SETTINGS = ShapeFillSettings()
NONE = Merges.none()


def moving(make, centres, unseen=(), radius=5, shape=SHAPE, scale=SQUARE):
    """One dict per frame: tracks 1, 2, … at ``centres[track - 1][frame]``, but for the (track, frame) unseen."""
    n_frames = len(centres[0])
    return [
        {
            k: make.ball(shape, path[t], radius, scale)
            for k, path in enumerate(centres, start=1)
            if path[t] is not None and (k, t) not in unseen
        }
        for t in range(n_frames)
    ]


class CountedFrames(ArrayFrames):
    """Frames that note what is read."""

    def __init__(self, frames: ArrayFrames) -> None:
        super().__init__([frames.read(t) for t in range(frames.n_frames)], frames.scale)
        self.reads: list[int] = []

    def read(self, frame, box=None):
        self.reads.append(frame)
        return super().read(frame, box)


def same(a, b):
    return (
        len(a) == len(b)
        and all((p.frame, p.track, p.box, p.score, p.origin) == (q.frame, q.track, q.box, q.score, q.origin)
                for p, q in zip(a, b, strict=True))
        and all(p.mask.tobytes() == q.mask.tobytes() and p.depth.tobytes() == q.depth.tobytes()
                for p, q in zip(a, b, strict=True))
    )  # fmt: skip


@pytest.mark.parametrize("gap", [1, 2, 3])
def test_a_gap_is_filled_where_the_cell_must_have_been(make, gap):
    path = [[(12 + 3 * t, 14 + 2 * t) for t in range(gap + 4)]]
    hidden = range(2, 2 + gap)
    truth = moving(make, path)
    labels, detections, tracks = make.movie(moving(make, path, {(1, t) for t in hidden}), SQUARE)
    patches = fill_gaps(labels, detections, tracks, NONE, Span(0, labels.n_frames), SETTINGS)
    assert [p.frame for p in patches] == list(hidden)
    for patch in patches:
        assert (patch.track, patch.origin, patch.score) == (1, Origin.FILLED, 1.0)
        assert make.overlap(make.whole(patch, SHAPE), truth[patch.frame][1]) > 0.9
        assert (patch.depth[patch.mask] > 0).all()


def test_a_gap_in_3d_with_deep_voxels(make):
    scale, shape = Scale((2.5, 1.0, 1.0)), (12, 30, 30)
    path = [[(12.0 + t, 12 + t, 12 + 2 * t) for t in range(3)]]
    truth = moving(make, path, (), 7, shape, scale)
    labels, detections, tracks = make.movie(moving(make, path, {(1, 1)}, 7, shape, scale), scale)
    (patch,) = fill_gaps(labels, detections, tracks, NONE, Span(0, 3), SETTINGS)
    assert make.overlap(make.whole(patch, shape), truth[1][1]) > 0.85


def test_nothing_is_added_before_after_or_between_different_tracks(make):
    """Track 1 ends in frame 1, track 2 begins in frame 3 at the same place."""
    masks = moving(make, [[(20, 20)] * 2 + [None] * 3, [None] * 3 + [(20, 20)] * 2])
    labels, detections, tracks = make.movie(masks, SQUARE)
    assert fill_gaps(labels, detections, tracks, NONE, Span(0, 5), SETTINGS) == []


def test_rejected_detections_have_no_gaps(make):
    labels, detections, tracks = make.movie(moving(make, [[(20, 20)] * 3], {(1, 1)}), SQUARE)
    nobody = type(tracks)(np.zeros(2), *(np.zeros(0) for _ in range(4)))
    assert find_missing(detections, nobody, Span(0, 3), labels, {}) == []


def test_method_none_fills_nothing(make):
    labels, detections, tracks = make.movie(moving(make, [[(20, 20)] * 3], {(1, 1)}), SQUARE)
    assert len(fill_gaps(labels, detections, tracks, NONE, Span(0, 3), SETTINGS)) == 1
    assert fill_gaps(labels, detections, tracks, NONE, Span(0, 3), NoFillSettings()) == []


def test_other_cells_are_never_painted_over(make):
    paths = [[(20, 20)] * 3, [(20, 34)] * 3]
    masks = moving(make, paths, {(1, 1)}, radius=6)
    masks[1][2] = make.ball(SHAPE, (20, 30), 6)
    labels, detections, tracks = make.movie(masks, SQUARE)
    (patch,) = fill_gaps(labels, detections, tracks, NONE, Span(0, 3), SETTINGS)
    assert (masks[0][1] & masks[1][2]).any(), "the neighbour reaches into the gap"
    assert not (make.whole(patch, SHAPE) & (labels.read(1) > 0)).any()


def test_score_is_the_share_of_the_shape_that_was_free(make):
    masks = moving(make, [[(20, 20)] * 3], {(1, 1)}, radius=6)
    masks[1][2] = make.ball(SHAPE, (20, 27), 6)
    labels, detections, tracks = make.movie(masks, SQUARE)
    (patch,) = fill_gaps(labels, detections, tracks, NONE, Span(0, 3), SETTINGS)
    free = masks[0][1] & ~masks[1][2]
    assert np.array_equal(make.whole(patch, SHAPE), free)
    assert patch.score == pytest.approx(free.sum() / masks[0][1].sum())


@pytest.mark.parametrize(("fraction", "n_filled"), [(0.3, 0), (0.05, 1)])
def test_what_is_left_must_be_large_enough(make, fraction, n_filled):
    masks = moving(make, [[(20, 20)] * 3], {(1, 1)}, radius=6)
    masks[1][2] = make.ball(SHAPE, (20, 24), 8)
    labels, detections, tracks = make.movie(masks, SQUARE)
    share = (masks[0][1] & ~masks[1][2]).sum() / masks[0][1].sum()
    assert 0.05 < share < 0.3
    settings = ShapeFillSettings(min_size_fraction=fraction)
    assert len(fill_gaps(labels, detections, tracks, NONE, Span(0, 3), settings)) == n_filled


def test_size_is_compared_in_micrometres(make):
    scale = Scale((3.0, 3.0))
    masks = moving(make, [[(60.0, 60.0)] * 3], {(1, 1)}, 18, SHAPE, scale)
    labels, detections, tracks = make.movie(masks, scale)
    assert len(fill_gaps(labels, detections, tracks, NONE, Span(0, 3), ShapeFillSettings(min_size_fraction=1.0))) == 1


def test_of_a_mask_in_two_pieces_the_larger_stays(make):
    masks = moving(make, [[(20, 20)] * 3], {(1, 1)}, radius=8)
    wall = np.zeros(SHAPE, bool)
    wall[:, 21:23] = True
    masks[1][2] = wall
    labels, detections, tracks = make.movie(masks, SQUARE)
    (patch,) = fill_gaps(labels, detections, tracks, NONE, Span(0, 3), SETTINGS)
    left = masks[0][1].copy()
    left[:, 21:] = False
    assert np.array_equal(make.whole(patch, SHAPE), left)


def test_a_shape_beyond_the_edge_of_the_image_is_cut(make):
    labels, detections, tracks = make.movie(moving(make, [[(0, 20), (1, 20), (2, 20)]], {(1, 1)}), SQUARE)
    (patch,) = fill_gaps(labels, detections, tracks, NONE, Span(0, 3), SETTINGS)
    assert patch.box.start[0] == 0
    assert all(b <= n for b, n in zip(patch.box.stop, SHAPE, strict=True))


def test_two_gaps_in_one_place_share_it_without_overlap(make):
    paths = [[(20, 16), (20, 20), (20, 16)], [(20, 30), (20, 24), (20, 30)]]
    masks = moving(make, paths, {(1, 1), (2, 1)}, radius=8)
    masks[0][2] = masks[2][2] = make.ball(SHAPE, (20, 24), 8) & ~masks[0][1]
    labels, detections, tracks = make.movie(masks, SQUARE)
    first, second = fill_gaps(labels, detections, tracks, NONE, Span(0, 3), SETTINGS)
    assert (first.track, second.track) == (1, 2)
    assert not (make.whole(first, SHAPE) & make.whole(second, SHAPE)).any()


def crowd(make):
    """Five cells that drift for twelve frames, seen three times out of five, so that gaps overlap in time and space."""
    rng = np.random.default_rng(4)
    paths = []
    for start in ((10, 10), (14, 20), (24, 14), (30, 30), (34, 20)):
        steps = np.cumsum(rng.normal(0, 1.2, (12, 2)), axis=0)
        paths.append([tuple(np.clip(np.array(start) + s, 6, 41)) for s in steps])
    unseen = {(k, t) for k in range(1, 6) for t in range(1, 11) if rng.random() < 0.4}
    return make.movie(moving(make, paths, unseen, radius=6), SQUARE)


@pytest.mark.parametrize("length", [1, 3, 7])
def test_blocks_change_nothing(make, length):
    labels, detections, tracks = crowd(make)
    whole = fill_gaps(labels, detections, tracks, NONE, Span(0, 12), SETTINGS)
    assert len(whole) > 10
    assert any(p.track == q.track and p.frame + 1 == q.frame for p in whole for q in whole), "a gap crosses a seam"
    cut = []
    for start in range(0, 12, length):
        cut += fill_gaps(labels, detections, tracks, NONE, Span(start, min(start + length, 12)), SETTINGS)
    assert same(whole, cut)


def test_a_block_needs_only_the_detections_around_its_gaps(make):
    labels, detections, tracks = crowd(make)
    core, reach = Span(4, 7), 4
    near = (detections.frame >= core.start - reach) & (detections.frame < core.stop + reach)
    part = type(tracks)(tracks.track_of[near], tracks.track, tracks.first_frame, tracks.last_frame, tracks.parent)
    expected = fill_gaps(labels, detections, tracks, NONE, core, SETTINGS)
    assert expected
    assert same(expected, fill_gaps(labels, detections.take(near), part, NONE, core, SETTINGS))


def test_each_frame_is_read_once_and_only_if_needed(make):
    labels, detections, tracks = crowd(make)
    counted = CountedFrames(labels)
    fill_gaps(counted, detections, tracks, NONE, Span(3, 6), SETTINGS)
    assert counted.reads == sorted(set(counted.reads))
    still = CountedFrames(make.movie(moving(make, [[(20, 20)] * 6], {(1, 4)}), SQUARE)[0])
    fill_gaps(still, *make.movie(moving(make, [[(20, 20)] * 6], {(1, 4)}), SQUARE)[1:], NONE, Span(0, 6), SETTINGS)
    assert still.reads == [3, 4, 5]


def test_labels_of_another_run_are_refused(make):
    _, detections, tracks = make.movie(moving(make, [[(20, 20)] * 3], {(1, 1)}), SQUARE)
    empty = ArrayFrames([np.zeros(SHAPE, np.uint16)] * 3, SQUARE)
    with pytest.raises(DataError, match=r"frame 0 holds no label 1"):
        fill_gaps(empty, detections, tracks, NONE, Span(0, 3), SETTINGS)


def merged(make, paths, frame, scale=SQUARE, radius=5):
    """Two cells whose masks are one in ``frame``: labels, detections, tracks, and the merge."""
    masks = moving(make, paths, radius=radius, scale=scale)
    named = masks[frame].pop(1) | masks[frame].pop(2)
    masks[frame][3] = named
    labels, detections, tracks = make.movie(masks, scale)
    track_of = np.where(tracks.track_of == 3, 0, tracks.track_of)
    tracks = Tracks(track_of, [1, 2], tracks.first_frame[:2], tracks.last_frame[:2], [0, 0])
    at = {(t, k): i for i, (t, k) in enumerate(zip(detections.frame.tolist(), track_of.tolist(), strict=True))}
    cells = [at[frame - 1, 1], at[frame - 1, 2], at[frame, 0], at[frame + 1, 1], at[frame + 1, 2]]
    table = Merges(*([row] for row in cells), [0.9], np.zeros((1, 0)))
    return labels, detections, tracks, table, named


@pytest.mark.parametrize("settings", [SETTINGS, NoFillSettings()])
def test_a_shared_mask_is_divided_between_its_two_cells(make, settings):
    paths = [[(12 + 2 * t, 14) for t in range(5)], [(21 + 2 * t, 16) for t in range(5)]]
    labels, detections, tracks, merges, named = merged(make, paths, 2)
    truth = moving(make, paths)[2]
    first, second = fill_gaps(labels, detections, tracks, merges, Span(0, 5), settings)
    assert [(p.frame, p.track, p.origin) for p in (first, second)] == [(2, 1, Origin.SPLIT), (2, 2, Origin.SPLIT)]
    parts = [make.whole(p, SHAPE) for p in (first, second)]
    assert not (parts[0] & parts[1]).any()
    assert np.array_equal(parts[0] | parts[1], named)
    for part, k in zip(parts, (1, 2), strict=True):
        assert make.overlap(part, truth[k]) > 0.85  # where the two touch, the labels of the truth overlap


def test_a_shared_mask_far_from_where_the_cells_are_expected_is_still_divided(make):
    """Both cells jump aside for a frame: neither is where the path between its observations says."""
    paths = [[(12, 14), (12, 14), (12, 30), (12, 14)], [(21, 14), (21, 14), (21, 30), (21, 14)]]
    labels, detections, tracks, merges, named = merged(make, paths, 2)
    first, second = fill_gaps(labels, detections, tracks, merges, Span(0, 4), SETTINGS)
    half = np.count_nonzero(named) / 2
    assert abs(np.count_nonzero(first.mask) - half) <= 1
    assert abs(np.count_nonzero(second.mask) - half) <= 1
    assert make.overlap(make.whole(first, SHAPE), moving(make, paths)[2][1]) > 0.8


def test_a_shared_mask_of_one_voxel_goes_to_one_cell(make):
    paths = [[(12, 14)] * 3, [(21, 14)] * 3]
    labels, detections, tracks, merges, named = merged(make, paths, 1)
    frames = [labels.read(t) for t in range(3)]
    place = tuple(np.argwhere(named)[0])
    value = frames[1][place]
    frames[1][named] = 0
    frames[1][place] = value
    (only,) = fill_gaps(ArrayFrames(frames, SQUARE), detections, tracks, merges, Span(0, 3), SETTINGS)
    assert np.count_nonzero(only.mask) == 1


def test_blocks_divide_a_shared_mask_alike(make):
    paths = [[(12 + 2 * t, 14) for t in range(5)], [(21 + 2 * t, 16) for t in range(5)]]
    labels, detections, tracks, merges, _ = merged(make, paths, 2)
    whole = fill_gaps(labels, detections, tracks, merges, Span(0, 5), SETTINGS)
    cut = [p for t in range(5) for p in fill_gaps(labels, detections, tracks, merges, Span(t, t + 1), SETTINGS)]
    assert len(whole) == 2
    assert same(whole, cut)


def test_a_third_cell_is_not_drawn_into_a_shared_mask(make):
    paths = [[(12 + 2 * t, 14) for t in range(5)], [(21 + 2 * t, 16) for t in range(5)]]
    labels, detections, tracks, merges, named = merged(make, paths, 2)
    frames = [labels.read(t) for t in range(5)]
    other = make.ball(SHAPE, (20, 23), 5)
    for t in (1, 3):
        frames[t][other & (frames[t] == 0)] = 9
    rows = [_seen(frames, t) for t in range(5)]
    table = Detections.concatenate(rows)
    old = table.rows_of(detections.frame, detections.label)
    track_of = np.full(len(table), 3)
    track_of[old] = tracks.track_of
    all_tracks = Tracks(track_of, [1, 2, 3], [0, 0, 1], [4, 4, 3], [0, 0, 0])
    moved = Merges(*([old[getattr(merges, role)[0]]] for role in MERGE_ROLES), [0.9], np.zeros((1, 0)))
    patches = fill_gaps(ArrayFrames(frames, SQUARE), table, all_tracks, moved, Span(0, 5), SETTINGS)
    assert [p.track for p in patches] == [1, 2, 3]
    third = make.whole(patches[2], SHAPE)
    assert third.any()
    assert not (third & named).any()


def _seen(frames, t):
    """Detections of one frame, by hand."""
    found = [(label, np.argwhere(frames[t] == label)) for label in np.unique(frames[t]) if label]
    n, ones = len(found), np.ones(len(found))
    return Detections(
        frame=np.full(n, t),
        label=[label for label, _ in found],
        centroid_um=np.array([where.mean(0) for _, where in found]),
        size_um=[len(where) for _, where in found],
        box_start=[where.min(0) for _, where in found],
        box_stop=[where.max(0) + 1 for _, where in found],
        intensity=ones,
        intensity_sd=ones,
        elongation=ones,
        spread=ones,
        neighbour_um=ones,
        border_um=ones,
        origin=np.zeros(n),
    )


def test_the_place_of_a_rejected_mask_is_free(make):
    path = [[(20, 20)] * 3, [None, (20, 24), None]]
    labels, detections, tracks = make.movie(moving(make, path, {(1, 1)}), SQUARE)
    (blocked,) = fill_gaps(labels, detections, tracks, NONE, Span(0, 3), ShapeFillSettings(min_size_fraction=0.01))
    assert blocked.score < 0.7
    rejected = Tracks(np.where(tracks.track_of == 2, 0, tracks.track_of), [1], [0], [2], [0])
    (patch,) = fill_gaps(labels, detections, rejected, NONE, Span(0, 3), SETTINGS)
    assert (patch.track, patch.score) == (1, 1.0)
