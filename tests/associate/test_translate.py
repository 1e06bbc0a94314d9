"""Edits of a result, by tracks, to pins, by detections: on one small lineage, drawn below."""

import numpy as np
import pytest

from samtrack.associate.seen import Seen
from samtrack.associate.translate import pins_of
from samtrack.errors import DataError
from samtrack.types import Edit

REACH = 3

# Track: its frames, each with the label of the detection there (0: drawn or shared), and its parent.
#   1   0-3, divides into 2 and 3     2   4-7     3   4, 5, (drawn 6), 7     4   0-7
TRACKS = {
    1: ({0: 11, 1: 12, 2: 13, 3: 14}, 0),
    2: ({4: 21, 5: 22, 6: 23, 7: 24}, 1),
    3: ({4: 31, 5: 32, 6: 0, 7: 33}, 1),
    4: ({t: 41 + t for t in range(8)}, 0),
}


@pytest.fixture
def seen():
    rows = [(track, t, label, parent) for track, (at, parent) in TRACKS.items() for t, label in at.items()]
    return Seen(*np.array(rows[::-1]).T)


def edit(action, frame, track, others=(), text="?"):
    frames, tracks = zip(*others, strict=True) if others else ((), ())
    return Edit(action, frame, track, tuple(f for f in frames if f is not None), tracks, text, f"e.csv, line {text}")


def by_action(pins):
    found = {}
    for pin in pins:
        found.setdefault(pin.action, []).append(tuple(label for _, label in pin.cells))
    return found


def test_a_link_cuts_both_tracks_and_keeps_the_pieces_apart(seen):
    pins = by_action(pins_of([edit("link", 4, 2, [(5, 4)])], seen, REACH))
    assert pins["link"] == [(21, 46)]
    apart = set(pins["apart"])
    assert {(21, 22), (45, 46)} <= apart, "the old next and the old past"
    assert {(21, 23), (44, 46), (45, 47), (43, 46)} <= apart, "as far as a link reaches"
    assert (21, 46) not in apart
    frame = {label: t for at, _ in TRACKS.values() for t, label in at.items()}
    assert all(0 < frame[b] - frame[a] <= REACH for a, b in apart)
    assert (42, 46) not in apart, "four frames are beyond reach"


def test_a_link_of_what_is_linked_is_that_alone(seen):
    assert by_action(pins_of([edit("link", 4, 2, [(5, 2)])], seen, REACH)) == {"link": [(21, 22)]}


def test_unlink_of_a_track_from_its_own_future(seen):
    for one in (edit("unlink", 5, 4), edit("unlink", 5, 4, [(6, 4)])):
        pins = by_action(pins_of([one], seen, REACH))
        assert pins["unlink"] == [(46, 47)]
        assert set(pins["apart"]) == {(45, 47), (44, 47), (46, 48), (45, 48)}


def test_unlink_at_a_division(seen):
    assert by_action(pins_of([edit("unlink", 3, 1, [(4, 3)])], seen, REACH))["unlink"] == [(14, 31)]
    assert by_action(pins_of([edit("unlink", 3, 1)], seen, REACH))["unlink"] == [(14, 21), (14, 31)]


def test_two_cuts_leave_what_is_beyond_them_open(seen):
    """A false cell between: cut off on both sides, and its neighbours may be joined again."""
    pins = by_action(pins_of([edit("unlink", 2, 4), edit("unlink", 3, 4)], seen, REACH))
    assert pins["unlink"] == [(43, 44), (44, 45)]
    assert (43, 45) not in pins["apart"]
    assert (42, 44) in pins["apart"]


def test_links_beat_consequences_of_other_edits(seen):
    swap = [edit("link", 4, 2, [(5, 4)]), edit("link", 4, 4, [(5, 2)])]
    pins = by_action(pins_of(swap, seen, REACH))
    assert pins["link"] == [(21, 46), (45, 22)]
    assert not set(pins["link"]) & set(pins["apart"])


@pytest.mark.parametrize(
    "rows",
    [
        [edit("divide", 4, 4, [(5, 4), (5, 2)])],
        [edit("divide", 4, 4, [(5, 4)]), edit("divide", 4, 4, [(5, 2)])],
        [edit("divide", 4, 4, [(5, 2)])],
    ],
    ids=["one row", "two rows", "one daughter is the mother's own future"],
)
def test_a_division_may_be_written_in_three_ways(seen, rows):
    pins = by_action(pins_of(rows, seen, REACH))
    assert set(pins["divide"]) == {(45, 22, 46)}
    assert (21, 22) in pins["apart"], "the daughter leaves her old track"
    assert (45, 46) not in pins["apart"]


def test_delete_one_and_all(seen):
    assert by_action(pins_of([edit("delete", 5, 3)], seen, REACH)) == {"delete": [(32,)]}
    assert by_action(pins_of([edit("delete", None, 3)], seen, REACH)) == {"delete": [(31,), (32,), (33,)]}


def test_relabel_joins_the_rest_of_one_track_to_another(seen):
    pins = by_action(pins_of([edit("relabel", 5, 4, [(None, 2)])], seen, REACH))
    assert pins["link"] == [(21, 46)]
    assert {(45, 46), (21, 22)} <= set(pins["apart"])
    assert by_action(pins_of([edit("relabel", 5, 4)], seen, REACH))["unlink"] == [(45, 46)]


def test_drawn_masks_stand_for_the_detections_around_them(seen):
    assert by_action(pins_of([edit("link", 6, 3, [(7, 4)])], seen, REACH))["link"] == [(32, 48)]
    assert by_action(pins_of([edit("link", 5, 4, [(6, 3)])], seen, REACH))["link"] == [(46, 33)]
    assert by_action(pins_of([edit("unlink", 6, 3, [(7, 3)])], seen, REACH))["unlink"] == [(32, 33)]
    with pytest.raises(DataError, match=r"frame 6 was drawn.*frames 5 and 7.*unlink these two"):
        pins_of([edit("delete", 6, 3)], seen, REACH)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (edit("link", 3, 9, [(4, 2)]), "no track 9 in the result, which holds 4"),
        (edit("link", 3, 1, [(4, 9)]), "no track 9"),
        (edit("link", 5, 1, [(6, 2)]), "track 1 has no cell in frame 5; it is seen from frame 0 to 3"),
        (edit("link", 5, 2, [(5, 4)]), "frame 5 .*expected a later one"),
        (edit("link", 0, 4, [(7, 2)]), "7 apart, expected at most 3"),
        (edit("link", None, 4, [(7, 2)]), "needs a frame"),
        (edit("link", 3, 4), "needs one other_frame"),
        (edit("unlink", 1, 4, [(4, 4)]), "not clear where"),
        (edit("unlink", 7, 4), "does not go on after frame 7"),
        (edit("divide", 3, 4), "names no daughter"),
        (edit("divide", 7, 2, [(7, 4)]), "names one daughter"),
        (edit("divide", 3, 4, [(4, 4), (5, 2), (4, 3)]), "3 daughters"),
        (edit("relabel", 0, 4, [(None, 2)]), "track 2 has no cell before frame 0"),
        (edit("relabel", 0, 4), "no past before frame 0"),
        (edit("delete", 5, 1), "no cell in frame 5"),
    ],
)
def test_what_cannot_be_is_refused_and_named(seen, wrong, said):
    with pytest.raises(DataError, match=f"e.csv, line .*{said}"):
        pins_of([wrong], seen, REACH)


def test_edits_are_numbered_on(seen):
    pins = pins_of([edit("delete", 5, 3, text="a"), edit("delete", 5, 2, text="b")], seen, REACH, first=7)
    assert [(pin.edit, pin.text) for pin in pins] == [(7, "a"), (8, "b")]
