"""Pasting writes onto background and nowhere else."""

import numpy as np
import pytest

from samtrack.blocks import plan_boxes
from samtrack.errors import DataError
from samtrack.fill import cropped, paste_patches
from samtrack.types import Box, MaskPatch, Origin


def test_only_background_is_written(make):
    labels = np.zeros((4, 5), np.uint16)
    labels[1, 1] = 9
    pasted = paste_patches(labels, [make.patch(3, (1, 0), np.ones((2, 3)))])
    assert pasted.tolist() == [[0, 0, 0, 0, 0], [3, 9, 3, 0, 0], [3, 3, 3, 0, 0], [0, 0, 0, 0, 0]]
    assert labels.sum() == 9, "the given labels are not changed"


def test_only_the_mask_is_written_not_its_box(make):
    pasted = paste_patches(np.zeros((2, 2), np.uint16), [make.patch(5, (0, 0), [[1, 0], [0, 1]])])
    assert pasted.tolist() == [[5, 0], [0, 5]]


def test_a_contested_voxel_goes_to_the_deeper_patch_in_any_order(make):
    patches = [make.patch(1, (0, 0), [[1, 1]], [[1, 2]]), make.patch(2, (0, 1), [[1, 1]], [[3, 1]])]
    for given in (patches, patches[::-1]):
        assert paste_patches(np.zeros((1, 3), np.uint8), given).tolist() == [[1, 2, 2]]


def test_a_3d_patch(make):
    pasted = paste_patches(np.zeros((2, 2, 2), np.uint32), [make.patch(70000, (1, 0, 1), np.ones((1, 2, 1)))])
    assert np.argwhere(pasted == 70000).tolist() == [[1, 0, 1], [1, 1, 1]]


def test_no_patches_give_a_copy():
    labels = np.ones((2, 2), np.uint16)
    pasted = paste_patches(labels, [])
    assert np.array_equal(pasted, labels)
    assert pasted is not labels


def test_a_track_that_the_type_cannot_hold_is_refused(make):
    with pytest.raises(DataError, match=r"frame 4: track 256 does not fit labels of type uint8, which end at 255"):
        paste_patches(np.zeros((2, 2), np.uint8), [make.patch(256, (0, 0), [[1]], frame=4)])


def test_patches_of_several_frames_are_refused(make):
    patches = [make.patch(1, (0, 0), [[1]], frame=f) for f in (2, 5)]
    with pytest.raises(ValueError, match=r"frames \[2, 5\]"):
        paste_patches(np.zeros((2, 2), np.uint8), patches)


def test_a_frame_pasted_box_by_box_is_the_frame_pasted_whole():
    rng = np.random.default_rng(2)
    shape, patches = (12, 14, 16), []
    for track in range(1, 9):
        start = rng.integers(0, 8, 3)
        box = Box(tuple(start), tuple(start + rng.integers(2, 6, 3)))
        depth = rng.integers(-2, 3, box.shape).astype(np.float32)
        patches.append(MaskPatch(0, track, box, depth > 0, depth, 1.0, Origin.FILLED))
    labels = np.where(rng.random(shape) < 0.2, 99, 0).astype(np.uint32)
    parts = labels.copy()
    for box in plan_boxes(Box((0, 0, 0), shape), 300):
        inside = [part for patch in patches if (part := cropped(patch, box))]
        parts[box.slices] = paste_patches(labels[box.slices], inside)
    np.testing.assert_array_equal(parts, paste_patches(labels, patches))
