"""A voxel belongs to the surest claim, whatever the order in which claims come."""

import numpy as np

from samtrack.segment.claims import Claims, piece_under
from samtrack.types import Box


def test_the_surest_has_it_and_of_equals_the_lower_label():
    box = Box((2, 0, 0), (4, 3, 3))
    rng = np.random.default_rng(0)
    where = tuple(rng.integers(a - 1, b + 1, 400) for a, b in zip(box.start, box.stop, strict=True))
    logit = rng.choice([0.5, 1.0, 2.0], 400).astype(np.float32)
    label = rng.integers(1, 9, 400)
    expected = np.zeros(box.shape, int)
    for z, y, x in np.ndindex(*box.shape):
        here = (where[0] == z + 2) & (where[1] == y) & (where[2] == x)
        if here.any():
            expected[z, y, x] = label[here & (logit == logit[here].max())].min()
    assert (expected > 0).any()
    for parts in (1, 7):
        claims, order = Claims(box), rng.permutation(400)
        for some in np.array_split(order, parts):
            claims.add(tuple(w[some] for w in where), logit[some], label[some])
        np.testing.assert_array_equal(claims.labels(in_one_piece=False), expected)


def test_a_label_is_its_largest_piece():
    claims = Claims(Box((0, 0, 0), (1, 1, 6)))
    x = np.array([0, 1, 2, 5])
    claims.add((np.zeros(4, int), np.zeros(4, int), x), np.ones(4, np.float32), np.full(4, 3))
    assert claims.labels().ravel().tolist() == [3, 3, 3, 0, 0, 0]
    assert claims.labels(in_one_piece=False).ravel().tolist() == [3, 3, 3, 0, 0, 3]


def test_of_each_mask_the_piece_under_its_click():
    masks = np.zeros((3, 2, 3, 7), bool)
    masks[:, 0, 1, :3] = masks[:, 1, 1, 2] = masks[:, 0, 1, 5:] = True
    found = piece_under(masks, np.array([[0, 1, 1], [0, 1, 6], [1, 0, 0]]))
    assert [int(m.sum()) for m in found] == [4, 2, 0]
    assert found[1, 0, 1, 5:].all()
