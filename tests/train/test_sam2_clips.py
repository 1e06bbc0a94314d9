"""Clips: what is in them fits together, whatever movie they come from."""

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.train.sam2_clips import Scene, ctc_clips, cut, simulated_clip, simulated_clips
from samtrack.types import ArrayFrames, Scale

SIDE = 64


@pytest.fixture(scope="module")
def clips():
    return [clip for seed in range(6) for clip in simulated_clips(seed, SIDE, 3, 3)]


def test_shapes_types_and_ranges(clips):
    for clip in clips:
        assert clip.images.shape == clip.labels.shape == clip.prompts.shape == (3, SIDE, SIDE)
        assert (clip.images.dtype, clip.labels.dtype, clip.prompts.dtype) == (np.float32, np.int32, np.int32)
        assert 0 <= clip.images.min() <= clip.images.max() <= 1
        assert 5 < clip.cell_px < 150


def test_tracks_are_numbered_from_1_and_parents_are_seen_earlier(clips):
    for clip in clips:
        present = np.unique(clip.labels[clip.labels > 0])
        np.testing.assert_array_equal(present, np.arange(1, len(clip.parent)))
        for track, parent in enumerate(clip.parent):
            if parent:
                assert (
                    np.flatnonzero((clip.labels == parent).any(axis=(1, 2))).max()
                    < np.flatnonzero((clip.labels == track).any(axis=(1, 2))).min()
                )


def test_prompts_keep_every_cell_and_are_sometimes_wrong(clips):
    for clip in clips:
        for truth, prompt in zip(clip.labels, clip.prompts, strict=True):
            assert set(np.unique(truth)) - {0} <= set(np.unique(prompt))
    changed = [bool((clip.labels != clip.prompts).any()) for clip in clips]
    assert 0 < sum(changed) < len(changed)


def test_equal_seeds_give_equal_clips():
    one, two, other = simulated_clip(5, SIDE, 2), simulated_clip(5, SIDE, 2), simulated_clip(6, SIDE, 2)
    np.testing.assert_array_equal(one.images, two.images)
    np.testing.assert_array_equal(one.prompts, two.prompts)
    assert not np.array_equal(one.images, other.images)


def test_some_clips_hold_a_division(clips):
    assert any((np.bincount(clip.parent[clip.parent > 0], minlength=1) == 2).any() for clip in clips)


def discs(shape, n_frames, scale):
    """One disc that moves right, and splits in the last frame."""
    away = np.indices(shape[-2:])
    labels = []
    for t in range(n_frames):
        plane = np.zeros(shape[-2:], dtype=np.uint16)
        last = t == n_frames - 1
        for label, dy in ((2, -9), (3, 9)) if last else ((1, 0),):
            plane[np.hypot(away[0] - 40 - dy, away[1] - 40 - t) < (6 if last else 9)] = label
        labels.append(np.broadcast_to(plane, shape).copy())
    images = [np.where(frame > 0, 200, 20).astype(np.uint8) for frame in labels]
    tracks = np.array([[1, 0, n_frames - 2, 0], [2, n_frames - 1, n_frames - 1, 1], [3, n_frames - 1, n_frames - 1, 1]])
    return ArrayFrames(images, scale), ArrayFrames(labels, scale), tracks


@pytest.mark.parametrize(("shape", "um"), [((90, 80), (0.5, 0.5)), ((8, 90, 80), (2.0, 0.5, 0.5))])
def test_clips_of_an_annotated_movie(shape, um):
    images, labels, tracks = discs(shape, 4, Scale(um, 1.0))
    found = [clip for seed in range(8) for clip in ctc_clips(images, labels, tracks, seed, SIDE, 3, 2)]
    assert all(clip.images.shape == (3, SIDE, SIDE) for clip in found)
    assert any(list(clip.parent) == [0, 0, 1, 1] for clip in found)
    bright = [clip.images[clip.labels > 0].mean() - clip.images[clip.labels == 0].mean() for clip in found]
    assert np.mean(np.abs(bright)) > 0.2


def test_an_ancestor_out_of_sight_is_skipped():
    frame = np.zeros((40, 40), dtype=np.uint8)
    frame[10:30, 10:30] = 1
    later = np.where(frame == 1, 5, 0).astype(np.uint8)
    tracks = np.array([[1, 0, 0, 0], [3, 1, 1, 1], [5, 2, 2, 3]])
    grey = frame.astype(np.float32)
    scene = Scene([grey, grey], [frame, later], (1.0, 1.0), tracks)
    seen = [cut(scene, 20.0, 40, 2, 0, np.random.default_rng(k)).parent.tolist() for k in range(8)]
    assert [0, 0, 1] in seen


def test_movies_that_do_not_fit_are_refused():
    images, labels, tracks = discs((90, 80), 3, Scale((1.0, 1.0), 1.0))
    with pytest.raises(DataError, match="holds no clip of 4"):
        ctc_clips(images, labels, tracks, 0, SIDE, 4, 1)
    with pytest.raises(DataError, match="must agree"):
        ctc_clips(images, discs((80, 80), 3, Scale((1.0, 1.0), 1.0))[1], tracks, 0, SIDE, 2, 1)
