import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.errors import SubmissionError
from samtrack.submit.identities import cut_at_holes, require_16_bit


def cut(presence: dict[int, list[int]], parents: dict[int, int]) -> list[tuple[int, ...]]:
    pairs = [(t, f) for t, frames in presence.items() for f in frames]
    track, frame = np.array(pairs, dtype=np.int64).reshape(-1, 2).T
    parent_of = np.zeros(max([0, *presence, *parents]) + 1, dtype=np.int64)
    for child, parent in parents.items():
        parent_of[child] = parent
    return [tuple(row) for row in cut_at_holes(track, frame, parent_of).table.tolist()]


def test_a_track_without_holes_stays_itself():
    assert cut({1: [0, 1, 2]}, {}) == [(1, 0, 2, 0)]


def test_a_hole_cuts_a_track_and_the_pieces_are_parent_and_child():
    assert cut({1: [0, 1, 3, 4, 7]}, {}) == [(1, 0, 1, 0), (2, 3, 4, 1), (3, 7, 7, 2)]


def test_daughters_point_at_the_last_piece_of_their_mother():
    assert cut({1: [0, 2], 2: [3], 3: [3, 4]}, {2: 1, 3: 1}) == [(1, 0, 0, 0), (2, 2, 2, 1), (3, 3, 3, 2), (4, 3, 4, 2)]


def test_a_mother_that_is_nowhere_present_is_forgotten():
    assert cut({2: [3], 3: [3, 4]}, {2: 1, 3: 1}) == [(1, 3, 3, 0), (2, 3, 4, 0)]


def test_nothing_present():
    assert cut({}, {}) == []


def test_the_limit_of_16_bits():
    require_16_bit(65_535, "RES")
    with pytest.raises(SubmissionError, match=r"65536 tracks.*65535.*export\.ctc: false"):
        require_16_bit(65_536, "RES")


@given(st.dictionaries(st.integers(1, 8), st.sets(st.integers(0, 12), min_size=1), max_size=8), st.data())
def test_every_cut_obeys_the_rules(presence: dict[int, set[int]], data: st.DataObject):
    frames = {t: sorted(f) for t, f in presence.items()}
    parents = {}
    for child in frames:
        possible = [p for p in frames if frames[p][-1] < frames[child][0]]
        if possible and data.draw(st.booleans()):
            parents[child] = data.draw(st.sampled_from(possible))
    table = cut(frames, parents)
    assert [row[0] for row in table] == list(range(1, len(table) + 1))
    assert sum(end - begin + 1 for _, begin, end, _ in table) == sum(len(f) for f in frames.values())
    for _, begin, end, parent in table:
        assert begin <= end
        assert parent == 0 or table[parent - 1][2] < begin
