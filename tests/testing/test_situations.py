import inspect

import numpy as np
import pytest
from scipy import ndimage

from samtrack.testing import (
    SITUATIONS,
    Situation,
    division_at,
    empty_frame,
    merged_masks,
    missing_mask_at,
    require_consistent,
    shuffled_labels,
    table_faults,
    touching_block_border,
)
from samtrack.testing.drawings import drawing_of, parse_drawing
from samtrack.types import ArrayFrames, Scale


@pytest.mark.parametrize("ndim", [2, 3])
@pytest.mark.parametrize("name", SITUATIONS)
def test_every_situation_is_sound(name: str, ndim: int) -> None:
    movie = SITUATIONS[name](ndim=ndim)
    assert movie.name == name
    assert movie.truth.scale.ndim == len(movie.truth.shape) == ndim
    require_consistent(movie.tracks, movie.truth)
    keys = {(t, int(v)) for t in range(movie.labels.n_frames) for v in np.unique(movie.labels.read(t)) if v}
    for source, target in movie.links:
        assert {source, target} <= keys
        assert source[0] < target[0]
    for mother, daughters in movie.divisions:
        assert {mother, *daughters} <= keys
        assert {mother[0] + 1} == {d[0] for d in daughters}
    for t in range(movie.labels.n_frames):
        assert_masks_are_whole(movie, t)


def assert_masks_are_whole(movie: Situation, frame: int) -> None:
    labels, truth, image = (f.read(frame) for f in (movie.labels, movie.truth, movie.images))
    for picture in (labels, truth):
        for value in np.unique(picture)[1:]:
            assert ndimage.label(picture == value)[1] == 1
    if (truth > 0).any():
        assert image[truth > 0].min() > image[truth == 0].max()


@pytest.mark.parametrize("name", SITUATIONS)
def test_links_are_those_of_the_truth(name: str) -> None:
    """Each true link joins masks that overlap one track, or a track and its only child."""
    movie = SITUATIONS[name]()
    parent = {int(row[0]): int(row[3]) for row in movie.tracks}
    for source, target in movie.links:
        old, new = (set(np.unique(movie.truth.read(t)[movie.labels.read(t) == v])) - {0} for t, v in (source, target))
        assert old & new or old & {parent[int(v)] for v in new}


def test_the_docstring_is_the_movie() -> None:
    for name, situation in SITUATIONS.items():
        drawing = drawing_of(situation)
        movie = situation()
        assert drawing.size[0] * 6 == movie.truth.shape[-2]
        assert inspect.getdoc(situation).count("..") >= len(drawing.places), name


def test_a_division_is_where_it_is_asked_for() -> None:
    for frame in (1, 4):
        movie = division_at(frame)
        assert movie.tracks.tolist() == [[1, 0, frame - 1, 0], [2, frame, frame + 2, 1], [3, frame, frame + 2, 1]]
        (mother, daughters), size = movie.divisions[0], [int((movie.truth.read(frame) == k).sum()) for k in (2, 3)]
        assert mother[0] == frame - 1
        assert {d[0] for d in daughters} == {frame}
        assert sum(size) == pytest.approx((movie.truth.read(0) == 1).sum(), rel=0.15)
    with pytest.raises(ValueError, match="frame 0"):
        division_at(0)


def test_a_missing_mask_is_missing_once() -> None:
    movie = missing_mask_at(3)
    count = [len(np.unique(movie.labels.read(t))) - 1 for t in range(movie.labels.n_frames)]
    assert count == [2, 2, 2, 1, 2, 2]
    assert [len(np.unique(movie.truth.read(t))) - 1 for t in range(6)] == [2] * 6
    assert any(target[0] - source[0] == 2 for source, target in movie.links)


def test_merged_masks_have_two_pasts_and_two_futures() -> None:
    movie = merged_masks()
    merged = (2, 1)
    assert len(np.unique(movie.labels.read(2))) == 2
    assert len([s for s, t in movie.links if t == merged]) == 2
    assert len([t for s, t in movie.links if s == merged]) == 2


def test_empty_frames_are_empty() -> None:
    movie = empty_frame()
    assert [int(movie.labels.read(t).max()) > 0 for t in range(4)] == [True, False, True, False]


def test_the_border_cell_lies_across_the_middle() -> None:
    truth = touching_block_border().truth
    half = truth.shape[1] // 2
    for t in (0, 1):
        assert (truth.read(t)[:, half - 1] == 2).any()
        assert (truth.read(t)[:, half] == 2).any()


def test_a_crooked_drawing_is_refused() -> None:
    with pytest.raises(ValueError, match="equally long"):
        parse_drawing([["..a", ".."]])


def test_faults_are_found_one_by_one() -> None:
    frames = [np.array([[1, 2]], dtype=np.uint16), np.array([[1, 0]], dtype=np.uint16)]
    labels = ArrayFrames(frames, Scale((1.0, 1.0)))
    assert table_faults([[1, 0, 1, 0], [2, 0, 0, 0]], labels) == []
    assert table_faults([[1, 0, 1, 0]], labels) == ["frame 0: label 2 is in the image but not in the table"]
    assert table_faults([[1, 0, 1, 0], [2, 0, 1, 0]], labels) == [
        "frame 1: track 2 is in the table but not in the image"
    ]
    assert table_faults([[1, 0, 1, 2], [2, 0, 0, 0]], labels) == [
        "track 1 starts in frame 0, its parent 2 ends only in 0"
    ]
    assert "track 2 has parent 7, which is not listed" in table_faults([[1, 0, 1, 0], [2, 0, 0, 7]], labels)
    with pytest.raises(AssertionError, match="label 2"):
        require_consistent([[1, 0, 1, 0]], labels)


def test_shuffling_keeps_the_masks() -> None:
    labels = np.array([[0, 3, 3, 5, 9]], dtype=np.uint16)
    shuffled = shuffled_labels(labels, 2)
    assert sorted(np.unique(shuffled)) == [0, 3, 5, 9]
    assert shuffled[0, 1] == shuffled[0, 2]
    assert not np.array_equal(labels, shuffled)
