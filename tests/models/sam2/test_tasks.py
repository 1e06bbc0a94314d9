"""Pieces of work share calls of a good size, and each gets its own answers back."""

from samtrack.models.sam2.tasks import pieces, shared_calls


def test_small_tasks_share_a_call_and_large_ones_are_cut():
    assert shared_calls([2, 0, 3, 7], 4) == [
        [(0, slice(0, 2)), (2, slice(0, 2))],
        [(2, slice(2, 3)), (3, slice(0, 3))],
        [(3, slice(3, 7))],
    ]
    assert shared_calls([], 4) == []
    assert shared_calls([0, 0], 4) == []


def test_every_cell_is_in_exactly_one_call():
    sizes = [5, 1, 9, 4]
    seen = [(task, i) for call in shared_calls(sizes, 3) for task, part in call for i in range(part.start, part.stop)]
    assert seen == [(task, i) for task, size in enumerate(sizes) for i in range(size)]


def test_pieces_stand_one_after_the_other():
    assert pieces([2, 0, 3]) == [slice(0, 2), slice(2, 2), slice(2, 5)]
