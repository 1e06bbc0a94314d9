"""Labels exchanged for others: by table and by search, with one result."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.blocks import relabelled
from samtrack.blocks.relabel import DENSE_LIMIT

LABELS = st.lists(st.integers(0, 30), min_size=1, max_size=40)
PAIRS = st.dictionaries(st.integers(1, 40), st.integers(0, 60_000), max_size=20)


@given(LABELS, PAIRS)
def test_each_voxel_gets_what_the_pairs_say_and_the_rest_is_background(
    labels: list[int], pairs: dict[int, int]
) -> None:
    image = np.array(labels, dtype=np.uint32).reshape(1, -1)
    result = relabelled(image, np.array([*pairs], dtype=np.int64), np.array([*pairs.values()], dtype=np.int64))
    assert result.dtype == np.uint32
    assert result.tolist() == [[pairs.get(value, 0) for value in labels]]
    assert image.tolist() == [labels]


@given(LABELS, PAIRS, st.randoms())
def test_order_of_the_pairs_does_not_matter(labels: list[int], pairs: dict[int, int], random: object) -> None:
    keys = [*pairs]
    random.shuffle(keys)
    image = np.array(labels, dtype=np.uint16)
    one = relabelled(image, np.array([*pairs], dtype=int), np.array([*pairs.values()], dtype=int))
    other = relabelled(image, np.array(keys, dtype=int), np.array([pairs[k] for k in keys], dtype=int))
    assert np.array_equal(one, other)


@given(LABELS, PAIRS)
def test_labels_beyond_the_table_are_searched_with_the_same_result(labels: list[int], pairs: dict[int, int]) -> None:
    image = np.array([*labels, 31], dtype=np.uint32)
    old, new = np.array([*pairs, 99], dtype=np.int64), np.array([*pairs.values(), 5], dtype=np.int64)
    by_table = relabelled(image, old, new)
    image[-1] = DENSE_LIMIT + 1
    by_search = relabelled(image, np.where(old == 31, DENSE_LIMIT + 1, old), new)
    assert np.array_equal(by_table, by_search)


def test_there_and_back_is_the_identity() -> None:
    image = np.random.default_rng(0).integers(0, 50, size=(4, 5, 6)).astype(np.uint32)
    old = np.arange(1, 50)
    new = np.random.default_rng(1).permutation(old) + 100
    assert np.array_equal(relabelled(relabelled(image, old, new), new, old), image)


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32])
def test_dtype_is_the_one_asked_for(dtype: type) -> None:
    empty = relabelled(np.zeros((2, 2), dtype=np.uint32), np.array([], dtype=int), np.array([], dtype=int), dtype)
    assert empty.dtype == dtype
    assert not empty.any()
