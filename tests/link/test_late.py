from itertools import pairwise

import numpy as np
import pytest

from samtrack.config.link import LinkSettings
from samtrack.link.late import late_divisions, late_links
from samtrack.link.tracklets import FirstDecision, read_tracklets
from samtrack.types import Detections, Merges

SETTINGS = LinkSettings(max_gap_frames=1, long_gap_frames=2)
GATE = 12.0


@pytest.fixture
def late(table_of, links_of, divisions_of):
    """Late links and late divisions of tracks {label: {frame: place}}, by (frame, label), given what was decided."""

    def propose(tracks, divided=(), shared=(), gate=GATE):
        table = table_of([(t, i, place) for i, seen in tracks.items() for t, place in seen.items()])

        def row(key):
            return int(table.rows_of([key[0]], [key[1]])[0])

        steps = [(row((s, i)), row((t, i))) for i, seen in tracks.items() for s, t in pairwise(seen)]
        links, divisions = links_of(steps), divisions_of([[row(key) for key in d] for d in divided])
        chosen = FirstDecision(np.ones(len(links), bool), np.ones(len(divisions), bool), Merges.none())
        t = read_tracklets(table, links, divisions, chosen, 4.0)
        t.is_shared[[row(key) for key in shared]] = True
        keys = list(zip(table.frame.tolist(), table.label.tolist(), strict=True))
        return [
            [tuple(keys[r] for r in rows) for rows in np.stack(find(table, t, SETTINGS, gate), axis=1)]
            for find in (late_links, late_divisions)
        ]

    return propose


def still(frames, y=0.0, x=0.0):
    return dict.fromkeys(frames, (y, x))


WITNESS = {9: still(range(8), 500, 500)}


@pytest.mark.parametrize(("missing", "is_found"), [(0, False), (1, False), (2, True), (3, True), (4, False)])
def test_a_gap_beyond_the_first_search_is_proposed(late, missing, is_found):
    links, _ = late(WITNESS | {1: still([0, 1]), 2: still(range(2 + missing, 8), 3)})
    assert links == ([((1, 1), (2 + missing, 2))] if is_found else [])


def test_a_gap_is_looked_for_within_the_gate_and_no_farther(late):
    tracks = WITNESS | {1: still([0, 1]), 2: still(range(4, 8), 0, 11)}
    assert len(late(tracks)[0]) == 1
    assert late(tracks, gate=10.0)[0] == []


def test_over_a_gap_a_cell_goes_with_its_surroundings(late):
    crowd = {i: {t: (100.0 + 15 * i, 5.0 * t) for t in range(8)} for i in range(3, 9)}
    moved = crowd | {1: {0: (90, 0), 1: (90, 5)}, 2: {t: (90, 5.0 * t) for t in range(5, 8)}}
    assert late(moved, gate=3.0)[0] == [((1, 1), (5, 2))]
    stayed = crowd | {1: {0: (90, 0), 1: (90, 5)}, 2: dict.fromkeys(range(5, 8), (90, 5.0))}
    assert late(stayed, gate=3.0)[0] == []


def test_one_late_daughter_beside_one_seen_at_once(late):
    tracks = WITNESS | {1: still(range(6)), 2: still([4, 5, 6, 7], 6)}
    _, divisions = late(tracks)
    # the nearer mother is that of frame 2, one frame missed; from frame 3 the pair was proposed in the first round
    assert divisions == [((2, 1), (3, 1), (4, 2))]


def test_both_daughters_late(late):
    tracks = WITNESS | {1: still([0, 1, 2]), 2: still(range(4, 8), -6), 3: still(range(4, 8), 6)}
    _, divisions = late(tracks)
    assert divisions == [((2, 1), (4, 2), (4, 3))]
    far = tracks | {3: still(range(4, 8), 20)}
    assert late(far)[1] == []


def test_daughters_seen_in_different_frames(late):
    tracks = WITNESS | {1: still([0, 1, 2]), 2: still(range(3, 8), -6), 3: still(range(4, 8), 6)}
    del tracks[2][3]  # seen in frames 4 and after, her sister too
    assert late(tracks)[1] == [((2, 1), (4, 2), (4, 3))]
    tracks[2] = still(range(3, 8), -6)
    assert ((2, 1), (3, 2), (4, 3)) in late(tracks)[1]


def test_daughters_seen_at_once_were_proposed_before(late):
    tracks = WITNESS | {1: still([0, 1, 2]), 2: still(range(3, 8), -6), 3: still(range(3, 8), 6)}
    assert not [d for d in late(tracks)[1] if d[0] == (2, 1)]


def test_a_cell_that_divides_is_no_end_and_its_daughters_no_beginnings(late):
    family = {1: still([0, 1, 2]), 2: still(range(3, 8), -6), 3: still(range(3, 8), 6)}
    divided = [((2, 1), (3, 2), (3, 3))]
    later = {4: still(range(4, 8), 0, 4), 5: still(range(4, 8), 0, -4)}
    links, divisions = late(WITNESS | family | later, divided)
    assert not [link for link in links if link[0] == (2, 1) or link[1] in {(3, 2), (3, 3)}]
    assert not [d for d in divisions if d[0] == (2, 1)]


def test_a_shared_mask_is_no_loose_end(late):
    tracks = WITNESS | {1: still([3]), 2: still([6, 7], 5), 3: still([5, 6, 7], 0, 5), 4: still([5, 6, 7], 0, -5)}
    links, divisions = late(tracks)
    assert ((3, 1), (6, 2)) in links
    assert ((3, 1), (5, 3), (5, 4)) in divisions
    links, divisions = late(tracks, shared=[(3, 1)])
    assert not [p for p in links + divisions if (3, 1) in p]


def test_nothing_loose_nothing_proposed(late):
    assert late({1: still(range(5)), 2: still(range(5), 10)}) == [[], []]
    assert late({1: still([0])}) == [[], []]


@pytest.mark.parametrize("ndim", [2, 3])
def test_no_cells(ndim, links_of, divisions_of):
    nothing = Detections.empty(ndim)
    chosen = FirstDecision(np.zeros(0, bool), np.zeros(0, bool), Merges.none())
    t = read_tracklets(nothing, links_of([]), divisions_of([]), chosen, 0.0)
    assert [len(column) for column in late_links(nothing, t, SETTINGS, GATE)] == [0, 0]
    assert [len(column) for column in late_divisions(nothing, t, SETTINGS, GATE)] == [0, 0, 0]
