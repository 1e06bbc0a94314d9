from itertools import pairwise

import numpy as np
import pytest

from samtrack.blocks import frames_read_by
from samtrack.config.link import LinkSettings
from samtrack.link import measure_detections, propose_links, summarise
from samtrack.link.rows import MERGE_COLUMNS
from samtrack.types import ArrayFrames, Detections, Origin, Scale, Span, Typical


def propose(labels, table, core=None, settings=None, typical=None):
    """Links, divisions and merges of a span of a movie, from the part of the table that a block would read."""
    core = core or Span(0, labels.n_frames)
    settings = settings or LinkSettings()
    span = frames_read_by(core, labels.n_frames, settings.max_gap_frames)["link"]
    rows = np.flatnonzero((table.frame >= span.start) & (table.frame < span.stop))
    part = table.take(rows)
    return *propose_links(None, labels, part, core, typical or summarise(table), settings), rows


def as_rows(links, divisions, merges, rows):
    """Everything proposed, as arrays that name rows of the whole table."""
    return (
        np.stack([rows[links.source], rows[links.target]], axis=1),
        links.score,
        links.features,
        np.stack([rows[divisions.mother], rows[divisions.daughter_a], rows[divisions.daughter_b]], axis=1),
        divisions.score,
        divisions.features,
        np.stack(
            [rows[getattr(merges, role)] for role in ("shared", "before_a", "before_b", "after_a", "after_b")], axis=1
        ),
        merges.score,
        merges.features,
    )


@pytest.mark.parametrize("ndim", [2, 3])
def test_blocks_change_no_bit(simulated, measure_movie, ndim):
    frames, images, scale, _ = simulated(ndim)
    labels, table = measure_movie(frames, scale, images)
    whole = as_rows(*propose(labels, table))
    frame = table.frame
    gap = frame[whole[0][:, 1]] - frame[whole[0][:, 0]]
    assert (gap == 1).any()
    assert (gap == 2).any(), "the movie must show gaps"
    assert (whole[4] > 0.5).any(), "the movie must show divisions"
    assert len(whole[7]), "the movie must show masks that may be shared"
    for length in (1, 3, 7):
        cores = [Span(s, min(s + length, labels.n_frames)) for s in range(0, labels.n_frames, length)]
        parts = [as_rows(*propose(labels, table, core)) for core in cores]
        for i, column in enumerate(whole):
            np.testing.assert_array_equal(np.concatenate([p[i] for p in parts]), column)


@pytest.mark.parametrize("ndim", [2, 3])
def test_renumbered_labels_give_the_same_links(simulated, measure_movie, rng, ndim):
    frames, images, scale, _ = simulated(ndim)
    renamed = []
    for frame in frames:
        numbers = np.concatenate([[0], rng.choice(2**32 - 2, int(frame.max()), replace=False) + 1]).astype(np.uint32)
        renamed.append(numbers[frame])
    labels, table = measure_movie(frames, scale, images)
    other_labels, other_table = measure_movie(renamed, scale, images)
    box = table.box_start[np.lexsort((*table.centroid_um.T, table.frame))]
    np.testing.assert_array_equal(
        box, other_table.box_start[np.lexsort((*other_table.centroid_um.T, other_table.frame))]
    )
    before = as_rows(*propose(labels, table))
    after = as_rows(*propose(other_labels, other_table))
    # the row of each detection in an order that does not depend on labels
    place, other_place = np.empty(len(table), int), np.empty(len(table), int)
    place[np.lexsort((*table.centroid_um.T, table.frame))] = np.arange(len(table))
    other_place[np.lexsort((*other_table.centroid_um.T, other_table.frame))] = np.arange(len(table))
    for first in (0, 3, 6):
        a, b = place[before[first]], other_place[after[first]]
        a, b = np.column_stack([a[:, 0], np.sort(a[:, 1:])]), np.column_stack([b[:, 0], np.sort(b[:, 1:])])
        order, other_order = np.lexsort(a.T[::-1]), np.lexsort(b.T[::-1])
        np.testing.assert_array_equal(a[order], b[other_order])
        for i in (first + 1, first + 2):
            np.testing.assert_array_equal(before[i][order], after[i][other_order])


@pytest.mark.parametrize("ndim", [2, 3])
def test_the_unit_of_length_does_not_matter(simulated, measure_movie, ndim):
    frames, images, scale, _ = simulated(ndim)
    double = Scale(tuple(2 * v for v in scale.um_per_voxel), scale.minutes_per_frame)
    labels, table = measure_movie(frames, scale, images)
    big_labels, big_table = measure_movie(frames, double, images)
    np.testing.assert_array_equal(big_table.centroid_um, 2 * table.centroid_um)
    np.testing.assert_array_equal(big_table.elongation, table.elongation)
    before, after = as_rows(*propose(labels, table)), as_rows(*propose(big_labels, big_table))
    for named in (0, 3, 6):
        np.testing.assert_array_equal(before[named], after[named])
    for number in (1, 2, 4, 5):  # doubling is exact in binary, but for logarithms and cube roots
        np.testing.assert_allclose(before[number], after[number], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("ndim", [2, 3])
def test_whatever_the_picture_s_brightness_links_are_as_likely(simulated, measure_movie, ndim):
    frames, images, scale, _ = simulated(ndim)
    labels, table = measure_movie(frames, scale, images)
    brighter = [i.astype(np.float64) * 4 + 32768 for i in images]
    _, bright_table = measure_movie(frames, scale, brighter)
    before, after = propose(labels, table)[0], propose(labels, bright_table)[0]
    np.testing.assert_array_equal(before.target, after.target)
    np.testing.assert_allclose(before.score, after.score, atol=1e-4)


def test_true_links_lead(simulated, measure_movie):
    _, images, scale, movie = simulated(2)
    truth = [movie.frame(t).truth for t in range(movie.n_frames)]
    labels, table = measure_movie([t.astype(np.uint32) for t in truth], scale, images)
    links, divisions, *_ = propose(labels, table)
    track, parent = table.label, np.zeros(table.label.max() + 1, dtype=int)
    parent[movie.tracks[:, 0]] = movie.tracks[:, 3]
    same = track[links.source] == track[links.target]
    born = parent[track[links.target]] == track[links.source]
    next_one = table.frame[links.target] - table.frame[links.source] == 1
    assert np.mean(links.score[same & next_one]) > 0.8  # 0.84 found
    assert np.mean(links.score[~same & ~born]) < 0.2
    is_true = (parent[track[divisions.daughter_a]] == track[divisions.mother]) & (
        parent[track[divisions.daughter_b]] == track[divisions.mother]
    )
    assert is_true.sum() >= 5
    assert np.mean(divisions.score[is_true]) > 0.7
    assert np.mean(divisions.score[~is_true]) < 0.2
    assert (links.origin == Origin.MOTION).all()
    links.require_forward(table.frame)


def test_a_missed_cell_is_linked_over_the_gap(draw_balls, measure_movie, micrometre_2d):
    centres = np.array([[20, 20], [20, 60], [60, 20], [60, 60], [100, 40], [100, 90]])
    frames = [draw_balls((120, 120), centres + np.array([2 * t, 0]), 7) for t in range(6)]
    frames[2][frames[2] == 4] = 0
    frames[3][frames[3] == 4] = 0
    labels, table = measure_movie(frames, micrometre_2d)
    links, *_ = propose(labels, table)
    over = table.frame[links.target] - table.frame[links.source] > 1
    pairs = list(zip(table.frame[links.source[over]], table.label[links.source[over]], strict=True))
    found = links.target[over][[pair == (1, 4) for pair in pairs]]
    assert (4, 4) in list(zip(table.frame[found], table.label[found], strict=True))
    assert links.score[over].max() > 0.5
    # cells that have a good link to the next frame are not looked for farther on
    assert set(table.label[links.source[over]]) == {4}
    no_gaps, *_ = propose(labels, table, settings=LinkSettings(max_gap_frames=0))
    assert (table.frame[no_gaps.target] - table.frame[no_gaps.source] == 1).all()


def test_a_blank_frame_is_bridged(draw_balls, measure_movie, micrometre_2d):
    centres = np.array([[20, 20], [20, 60], [60, 20], [60, 60]])
    frames = [draw_balls((90, 90), centres + t, 7) for t in range(4)]
    frames[1][:] = 0
    labels, table = measure_movie(frames, micrometre_2d)
    links, *_ = propose(labels, table)
    first = table.frame[links.source] == 0
    right = table.label[links.source] == table.label[links.target]
    assert (first & right).sum() == 4
    assert links.score[first & right].min() > 0.5


def test_a_jump_of_all_cells_is_followed(rng, draw_balls, measure_movie, micrometre_2d):
    centres = rng.uniform(20, 180, (25, 2)).round()
    frames = [draw_balls((300, 300), centres, 6), draw_balls((300, 300), centres + np.array([85, 70]), 6)]
    labels, table = measure_movie(frames, micrometre_2d)
    links, *_ = propose(labels, table)
    best = np.zeros(len(table))
    np.maximum.at(best, links.source, links.score)
    right = table.label[links.source] == table.label[links.target]
    assert right[links.score == best[links.source]].mean() > 0.9


@pytest.mark.parametrize("frames", [[0, 0, 0], [0, 1, 0], [1, 0, 1], [1, 1, 1], [2, 1, 2], [1], [0]])
def test_few_cells_or_none(draw_balls, measure_movie, micrometre_2d, frames):
    centres = np.array([[10, 10], [10, 25]])
    images = [draw_balls((40, 40), centres[:n], 4) for n in frames]
    labels, table = measure_movie(images, micrometre_2d)
    links, divisions, *_ = propose(labels, table)
    same = table.label[links.source] == table.label[links.target]
    expected = sum(min(a, b) for a, b in pairwise(frames)) + (frames == [1, 0, 1])
    assert same.sum() >= expected
    assert np.isfinite(divisions.score).all()


def test_cells_that_touch_the_gate_s_end_and_identical_cells():
    labels = np.zeros((1, 30, 30), dtype=np.uint32)
    labels[0, 4:8, 4:8] = 1
    labels[0, 20:24, 20:24] = 9
    scale = Scale((1.0, 1.0, 1.0))
    table = Detections.concatenate([measure_detections(labels, t, scale) for t in range(3)])
    movie = ArrayFrames([labels] * 3, scale)
    links, *_ = propose(movie, table)
    assert len(links) >= 4
    huge = Typical(1e6, np.inf, 2.0, 6)
    assert len(propose(movie, table, typical=huge)[0]) >= 4
    tiny = Typical(1e-6, np.inf, 2.0, 6)
    assert len(propose(movie, table, typical=tiny)[0]) >= 4


@pytest.fixture(scope="module", params=[2, 3], ids=["2D", "3D"])
def shared_mask(request, draw_balls, measure_movie):
    """Five frames of six cells, of which those with labels 1 and 2 share a mask (label 1) in frame 2."""
    shape = (96, 96) if request.param == 2 else (24, 96, 96)
    centres = np.array([[20, 20], [20, 33], [60, 22], [62, 70], [24, 70], [84, 46]])
    if request.param == 3:
        centres = np.column_stack([np.full(len(centres), 12), centres])
    frames = [draw_balls(shape, centres + t, 7) for t in range(5)]
    frames[2][frames[2] == 2] = 1
    return measure_movie(frames, Scale((1.0,) * request.param))


def test_two_cells_under_one_mask_are_proposed(shared_mask):
    labels, table = shared_mask
    _, _, merges, _ = propose(labels, table)
    named = [list(zip(table.frame[r], table.label[r], strict=True)) for r in as_rows(*propose(labels, table))[6]]
    likely = [named[i] for i in np.flatnonzero(merges.score > 0.5)]
    assert likely == [[(2, 1), (1, 1), (1, 2), (3, 1), (3, 2)]]
    assert merges.score.max() > 0.9


def test_merges_can_be_switched_off_and_need_a_gap(shared_mask):
    labels, table = shared_mask
    for off in (LinkSettings(merges=False), LinkSettings(max_gap_frames=0)):
        _, _, merges, _ = propose(labels, table, settings=off)
        assert len(merges) == 0
        assert merges.feature_names == MERGE_COLUMNS


def test_only_frames_with_cells_are_read(draw_balls, measure_movie, micrometre_2d):
    frames = [draw_balls((40, 40), [(10 + t, 10)], 4) for t in range(5)]
    frames[4][:] = 0

    class Counting(ArrayFrames):
        seen: tuple[int, ...] = ()

        def read(self, frame, box=None):
            self.seen += (frame,)
            return super().read(frame, box)

    _, table = measure_movie(frames, micrometre_2d)
    labels = Counting(frames, micrometre_2d)
    propose(labels, table)
    assert sorted(labels.seen) == [0, 1, 2, 3]
