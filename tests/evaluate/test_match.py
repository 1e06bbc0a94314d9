"""The matcher of one frame against the rule written as loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from samtrack.evaluate import match, match_frame

SHAPES = st.sampled_from([(6, 7), (3, 4, 5), (1, 1), (9, 1)])
DTYPES = st.sampled_from([np.uint8, np.uint16, np.uint32, np.int32, np.int64])


@st.composite
def pairs(draw):
    shape, labels = draw(SHAPES), st.sampled_from([0, 1, 2, 7, 200])
    return [draw(arrays(draw(DTYPES), shape, elements=labels)) for _ in range(2)]


def by_loops(truth, result):
    found = []
    for t in np.unique(truth[truth > 0]):
        for r in np.unique(result[result > 0]):
            shared = np.count_nonzero((truth == t) & (result == r))
            if shared / np.count_nonzero(truth == t) > 0.5:
                found.append((int(t), int(r), shared / np.count_nonzero((truth == t) | (result == r))))
    return found


@given(pair=pairs())
def test_it_is_the_rule_of_the_challenge(pair):
    truth, result = pair
    found = match_frame(truth, result)
    assert found.truth.tolist() == np.unique(truth[truth > 0]).tolist()
    assert found.result.tolist() == np.unique(result[result > 0]).tolist()
    assert by_loops(truth, result) == [
        (t, r, pytest.approx(iou))
        for t, r, iou in zip(found.matched_truth, found.matched_result, found.iou, strict=True)
    ]


@given(pair=pairs())
def test_neither_chunks_nor_the_way_of_counting_change_anything(pair):
    whole = match_frame(*pair)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(match, "CHUNK_VOXELS", 5)
        patch.setattr(match, "CODE_BITS", 1)
        cut = match_frame(*pair)
    for name in whole.__slots__:
        np.testing.assert_array_equal(getattr(cut, name), getattr(whole, name))


def test_exactly_half_is_no_match_and_one_object_may_match_two():
    truth = np.array([[1, 1, 2, 2, 3, 3, 3]])
    result = np.array([[5, 0, 6, 6, 6, 6, 0]])
    found = match_frame(truth, result)
    assert found.matched_truth.tolist() == [2, 3]  # 5 covers 1 of 2 voxels of object 1: not more than half
    assert found.matched_result.tolist() == [6, 6]
    # object 2: 2 shared of 2 + 4 - 2 = 4; object 3: 2 shared of 3 + 4 - 2 = 5
    assert found.iou.tolist() == [0.5, 0.4]


def test_images_without_voxels_match_nothing():
    found = match_frame(np.zeros((0, 3), dtype=np.uint16), np.zeros((0, 3), dtype=np.uint16))
    assert [len(getattr(found, name)) for name in found.__slots__] == [0] * 5


@pytest.mark.parametrize("top", [2**31, 2**40])
def test_labels_of_more_than_31_bits_are_kept_apart(top):
    truth = np.array([[1, 1, top + 1, top + 1]])
    result = np.array([[top, top, 5, 5]])
    found = match_frame(truth, result)
    assert found.matched_truth.tolist() == [1, top + 1]
    assert found.matched_result.tolist() == [top, 5]


def test_large_labels_do_not_wrap():
    truth = np.zeros((4, 9), dtype=np.uint16)
    result = np.zeros((4, 9), dtype=np.uint16)
    for at, (t, r) in enumerate([(1, 10), (2, 20), (3000, 64000)]):
        truth[:3, 3 * at : 3 * at + 2], result[:3, 3 * at : 3 * at + 2] = t, r
    found = match_frame(truth, result)
    assert found.matched_truth.tolist() == [1, 2, 3000]
    assert found.matched_result.tolist() == [10, 20, 64000]
    assert found.iou.tolist() == [1, 1, 1]


def test_images_without_background_keep_all_their_objects():
    found = match_frame(np.array([[1, 2]]), np.array([[3, 4]]))
    assert (found.truth.tolist(), found.result.tolist()) == ([1, 2], [3, 4])
    assert found.matched_result.tolist() == [3, 4]


def test_empty_images_match_nothing():
    empty, one = np.zeros((2, 2), dtype=np.uint16), np.ones((2, 2), dtype=np.uint16)
    for truth, result in [(empty, empty), (empty, one), (one, empty)]:
        assert len(match_frame(truth, result).matched_truth) == 0


@pytest.mark.parametrize(
    ("truth", "result", "said"),
    [
        (np.zeros((2, 3), int), np.zeros((3, 2), int), r"\(3, 2\).*\(2, 3\)"),
        (np.zeros((2, 3)), np.zeros((2, 3), int), "float64"),
        (np.zeros((2, 3), int), np.full((2, 3), -4), "-4"),
    ],
)
def test_what_cannot_be_matched_is_refused(truth, result, said):
    with pytest.raises(ValueError, match=said):
        match_frame(truth, result)
