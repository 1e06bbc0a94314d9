"""Of several planes a cell is found where the network is surest; the answers to its planes are summed."""

from types import SimpleNamespace

import numpy as np

from samtrack.link.answers import best_answer
from samtrack.link.planes import Group
from samtrack.models.sam2.windows import Lattice

GROUP = Group(0, 5, 0, np.arange(3), np.zeros(3, dtype=np.int64), np.zeros((3, 2)))


def seen(object_logit, iou, inside):
    """Three masks in windows of one token; ``inside``: whether each fills its window."""
    logits = np.where(np.array(inside)[:, None, None], 4.0, -4.0) * np.ones((3, 4, 4))
    return SimpleNamespace(
        logits=logits.astype(np.float32),
        object_logit=np.array(object_logit, dtype=np.float32),
        iou=np.array(iou, dtype=np.float32),
        corner=np.zeros((3, 2), dtype=np.int64),
        lattice=Lattice((4, 4), (4.0, 4.0), 16),
    )


def test_each_cell_is_found_where_the_network_is_surest():
    here = seen([2, -3, 1], [0.8, 0.9, 0.5], [True, True, True])
    above = seen([2, 3, 1], [0.7, 0.6, 0.5001], [True, True, False])
    planes = {5: np.full((4, 4), 1, dtype=np.int32), 6: np.full((4, 4), 2, dtype=np.int32)}
    answer = best_answer(GROUP, [(5, here), (6, above)], planes.__getitem__)
    assert answer.plane.tolist() == [5, 6, 5], "what differs by less than the table tells is found in its own plane"
    assert answer.object_logit.tolist() == [2, 3, 1]
    np.testing.assert_allclose(answer.iou, [0.8, 0.6, 0.5])
    assert answer.hits.predicted.tolist() == [64, 64, 64]
    found = sorted(zip(answer.hits.mask.tolist(), answer.hits.cell.tolist(), answer.hits.count.tolist(), strict=True))
    assert found == [(0, 0, 64), (1, 1, 64), (2, 0, 64)]
