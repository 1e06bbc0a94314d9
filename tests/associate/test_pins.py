"""Pins: whatever is settled stands in every decision, exactly, and the rest is the best given it."""

import itertools
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from samtrack.associate import Pins, solve_tracks, windows
from samtrack.associate.pins import edges_with, links_pinned, with_pins
from samtrack.config.associate import AssociateSettings
from samtrack.types import Edges, Links, Origin

LINKERS = get_args(AssociateSettings.model_fields["linker"].annotation)

COSTS = AssociateSettings(cost_keep_lone=0.9)


def movie(make, seed):
    """Five frames of five cells with proposals of all kinds; links hold the facts that the linker overlap asks for."""
    rng = np.random.default_rng(seed)
    frames = np.repeat(np.arange(5), 5)
    detections = make.detections(frames.tolist(), rng.uniform(0, 60, (25, 2)), size=80.0)
    pairs = [(s, t) for s in range(25) for t in range(25) if 0 < frames[t] - frames[s] < 3 and rng.random() < 0.4]
    facts = rng.uniform(0, 1, (len(pairs), 2))
    score = rng.uniform(0.05, 0.95, len(pairs))
    links = Links(*np.array(pairs).T, score, np.zeros(len(pairs)), facts, ("iou", "overlap"))
    splits = [(s, 5 * f + 5, 5 * f + 7, float(rng.uniform(0.1, 0.99))) for f in range(4) for s in (5 * f, 5 * f + 2)]
    shared = [(5 * f, 5 * f + 1, 5 * f + 8, 5 * f + 12, 5 * f + 13, 0.999) for f in range(3)]
    return detections, links, make.divisions(splits), make.merges(shared)


def some_pins(detections, rng):
    """A random set of pins that agree with each other."""
    frame, n = detections.frame, len(detections)
    futures, pasts, links, divisions = set(), set(), [], []
    for _ in range(rng.integers(0, 8)):
        s = int(rng.integers(n))
        later = [int(t) for t in np.flatnonzero(frame > frame[s]) if int(t) not in pasts]
        k = int(rng.integers(1, 3))
        if s in futures or len(later) < k:
            continue
        targets = rng.choice(later, k, replace=False).tolist()
        (divisions if k == 2 else links).append([s, *targets])
        futures.add(s)
        pasts.update(targets)
    gone = [i for i in rng.choice(n, rng.integers(0, 5), replace=False).tolist() if i not in futures | pasts]
    true = {(row[0], t) for row in links + divisions for t in row[1:]}
    apart = [(int(s), int(t)) for s, t in rng.integers(n, size=(12, 2)) if frame[s] < frame[t]]
    return Pins(np.array(links), np.array(divisions), np.array([p for p in apart if p not in true]), np.array(gone))


def edges_of(tracks, detections):
    """Which detection is the direct future of which, straight from the tracks; mothers and daughters included."""
    found = set()
    first, last = {}, {}
    for track in tracks.track.tolist():
        rows = np.flatnonzero(tracks.track_of == track)
        rows = rows[np.argsort(detections.frame[rows])].tolist()
        first[track], last[track] = rows[0], rows[-1]
        found |= set(itertools.pairwise(rows))
    for track, parent in zip(tracks.track.tolist(), tracks.parent.tolist(), strict=True):
        if parent:
            found.add((last[parent], first[track]))
    return found


@pytest.mark.parametrize("linker", LINKERS)
@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_any_consistent_set_of_pins_is_kept_exactly(make, linker, seed):
    detections, *tables = movie(make, seed)
    pins = some_pins(detections, np.random.default_rng(seed + 1))
    held = with_pins(*tables, pins)
    solution = solve_tracks(detections, *held, COSTS.model_copy(update={"linker": linker}), pins)
    found = edges_of(solution.tracks, detections)
    assert {(s, t) for s, t in pins.true_pairs.tolist()} <= found
    assert not {(s, t) for s, t in pins.apart.tolist()} & found
    assert not solution.tracks.track_of[pins.left_out].any()
    mothers = {m: {a, b} for m, a, b in pins.divisions.tolist()}
    for mother, daughters in mothers.items():
        assert {t for s, t in found if s == mother} == daughters
    for source, target in pins.links.tolist():
        assert {t for s, t in found if s == source} == {target}
    marked = {(s, t) for s, t in zip(held[0].source[solution.link_chosen], held[0].target[solution.link_chosen])}  # noqa: B905
    assert {(s, t) for s, t in pins.links.tolist()} <= marked


@pytest.mark.parametrize("seed", range(5))
def test_windows_keep_pins_and_change_nothing(make, monkeypatch, seed):
    detections, *tables = movie(make, seed)
    pins = some_pins(detections, np.random.default_rng(seed))
    held = with_pins(*tables, pins)
    whole = solve_tracks(detections, *held, COSTS, pins)
    monkeypatch.setattr(windows, "WINDOW_COLUMNS", 8)
    assert np.array_equal(solve_tracks(detections, *held, COSTS, pins).tracks.track_of, whole.tracks.track_of)


@settings(max_examples=30)
@given(st.integers(0, 10**6))
def test_pinning_what_was_decided_changes_nothing(make, seed):
    detections, *tables = movie(make, seed)
    free = solve_tracks(detections, *tables, COSTS)
    chosen = np.flatnonzero(free.link_chosen)[::2]
    links, _, merges = tables
    pins = Pins(
        np.stack([links.source[chosen], links.target[chosen]], axis=1),
        np.zeros((0, 3)),
        np.zeros((0, 2)),
        np.setdiff1d(np.flatnonzero(free.tracks.track_of == 0), merges.shared[free.merge_chosen])[:2],
    )
    again = solve_tracks(detections, *with_pins(*tables, pins), COSTS, pins)
    assert np.array_equal(free.tracks.track_of, again.tracks.track_of)
    assert np.array_equal(free.tracks.parent, again.tracks.parent)


def test_the_rest_is_the_best_given_the_pins(make):
    """Two cells cross; with one of them pinned the wrong way the other takes what is left."""
    detections = make.detections([0, 0, 1, 1])
    tables = (make.links([(0, 2, 0.9), (1, 3, 0.9), (0, 3, 0.3), (1, 2, 0.3)]), make.divisions(), make.merges())
    free = solve_tracks(detections, *tables, COSTS)
    assert free.tracks.track_of.tolist() == [1, 2, 1, 2]
    pins = Pins([[0, 3]], [], [], [])
    assert solve_tracks(detections, *with_pins(*tables, pins), COSTS, pins).tracks.track_of.tolist() == [1, 2, 2, 1]
    pins = Pins([], [], [[0, 2]], [])
    assert solve_tracks(detections, *with_pins(*tables, pins), COSTS, pins).tracks.track_of.tolist() != [1, 2, 1, 2]


def test_what_was_never_proposed_is_added_with_certainty_and_without_facts(make):
    _detections, *tables = movie(make, 1)
    new = next(
        [s, t] for s in range(5) for t in range(5, 10) if not np.any((tables[0].source == s) & (tables[0].target == t))
    )
    pins = Pins([new], [[5, 11, 14]], [], [])
    links, divisions, _ = with_pins(*tables, pins)
    assert len(links) == len(tables[0]) + 1
    assert links.score[-1] == 1
    assert links.origin[-1] == Origin.PINNED
    assert np.isnan(links.features[-1]).all()
    assert links_pinned(links, pins).nonzero()[0].tolist() == [len(links) - 1]
    assert (divisions.mother[-1], divisions.daughter_a[-1], divisions.daughter_b[-1], divisions.score[-1]) == (
        5,
        11,
        14,
        1,
    )
    assert with_pins(*with_pins(*tables, pins), pins)[0].score.tolist() == links.score.tolist()


def test_pairs_apart_are_no_proposals(make):
    _, *tables = movie(make, 2)
    source, target = int(tables[0].source[0]), int(tables[0].target[0])
    links, _, merges = with_pins(*tables, Pins([], [], [[source, target], [0, 8]], []))
    assert not np.any((links.source == source) & (links.target == target))
    assert len(merges) == len(tables[2]) - 1, "cell 0 does not lie in the mask 8"
    divisions = with_pins(*tables, Pins([], [], [[0, 7]], []))[1]
    assert len(divisions) == len(tables[1]) - 1


def test_edges_that_contradict_give_way(make):
    edges = Edges(np.array([0, 1, 2, 2]), np.array([3, 4, 5, 6]))
    kept = edges_with(edges, Pins([[0, 4]], [], [[2, 6]], []))
    assert sorted(zip(kept.source.tolist(), kept.target.tolist(), strict=True)) == [(0, 4), (2, 5)]


@pytest.mark.parametrize(
    ("pins", "said"),
    [
        (([[0, 5], [0, 6]], [], [], []), "detection 0 two of a future"),
        (([[0, 5], [1, 5]], [], [], []), "detection 5 two of a past"),
        (([[0, 5]], [[0, 6, 7]], [], []), "detection 0 two of a future"),
        (([[0, 5]], [], [[0, 5]], []), "that it is not"),
        (([[0, 5]], [], [], [5]), "detection 5 two of a past"),
    ],
)
def test_pins_that_contradict_each_other_are_refused(pins, said):
    with pytest.raises(ValueError, match=said):
        Pins(*pins)


def test_pins_of_another_movie_are_refused(make):
    detections, *tables = movie(make, 3)
    for pins in (Pins([[3, 99]], [], [], []), Pins([[7, 2]], [], [], [])):
        with pytest.raises(ValueError, match="pin"):
            solve_tracks(detections, *tables, COSTS, pins)


def test_no_pins_are_false():
    assert not Pins.none()
    assert Pins([], [], [], [3])
