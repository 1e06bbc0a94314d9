"""Families: roots, colours, numbers, and which the page holds."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samtrack.report.lineages import (
    HUES,
    SHADES,
    choose_colours,
    count_generations,
    find_roots,
    summarise_lineages,
)
from samtrack.types import Tracks


def tracks_of(parents: list[int], first: list[int] | None = None) -> Tracks:
    """Tracks of one frame each, a generation per frame."""
    depth: list[int] = []
    for parent in parents:
        depth.append(0 if parent == 0 else depth[parent - 1] + 1)
    n = len(parents)
    return Tracks(np.arange(1, n + 1), np.arange(1, n + 1), first or depth, first or depth, parents)


@st.composite
def forests(draw) -> Tracks:
    """Random forests with at most two children per track."""
    parents: list[int] = []
    for track in range(1, draw(st.integers(1, 40)) + 1):
        free = [p for p in range(1, track) if parents.count(p) < 2]
        parents.append(draw(st.sampled_from([0, *free])))
    return tracks_of(parents)


@given(forests())
def test_relatives_share_a_root_and_a_hue(tracks: Tracks) -> None:
    root, colour = find_roots(tracks), choose_colours(tracks)[1:]
    child = np.flatnonzero(tracks.parent)
    assert (root[child] == root[tracks.parent[child] - 1]).all()
    assert (root[tracks.parent == 0] == tracks.track[tracks.parent == 0]).all()
    assert (colour[child] // SHADES == colour[tracks.parent[child] - 1] // SHADES).all()


@given(forests())
def test_sisters_and_mother_have_three_shades(tracks: Tracks) -> None:
    shade = choose_colours(tracks)[1:] % SHADES
    for mother in np.flatnonzero(np.bincount(tracks.parent, minlength=len(tracks) + 1)[1:] == 2):
        family = [shade[mother], *shade[tracks.parent == mother + 1]]
        assert len(set(family)) == 3


def test_neighbouring_numbers_get_unlike_hues() -> None:
    hue = choose_colours(tracks_of([0] * 24))[1:] // SHADES
    step = np.abs(np.diff(hue))
    assert np.minimum(step, HUES - step).min() >= 5


def test_a_track_keeps_its_colour_when_others_are_added() -> None:
    few, many = choose_colours(tracks_of([0, 0, 1])), choose_colours(tracks_of([0, 0, 1, 1, 0, 3]))
    assert many[:4].tolist() == few.tolist()


def test_the_largest_lineages_come_first() -> None:
    summary = summarise_lineages(tracks_of([0, 0, 0, 3, 3, 1]), listed=2)
    assert summary.largest == [(3, 3, 1, 2), (1, 2, 0, 2)]
    assert (summary.n_lineages, summary.n_tracks, summary.n_dividing) == (3, 6, 1)
    assert summary.most_generations == 2
    assert summary.shown.tolist() == [False] + [True] * 6


def test_whole_lineages_are_left_out_where_there_is_no_room() -> None:
    summary = summarise_lineages(tracks_of([0, 0, 0, 3, 3, 1]), room=4)
    assert np.flatnonzero(summary.shown).tolist() == [3, 4, 5]
    assert summary.n_shown == 3


@given(forests())
def test_generations_count_from_the_root(tracks: Tracks) -> None:
    generation = count_generations(tracks)
    assert (generation[tracks.parent == 0] == 1).all()
    child = np.flatnonzero(tracks.parent)
    assert (generation[child] == generation[tracks.parent[child] - 1] + 1).all()


def test_deep_lineages_need_no_recursion() -> None:
    summary = summarise_lineages(tracks_of(list(range(3000))))
    assert (summary.n_lineages, summary.most_generations) == (1, 3000)


def test_no_tracks() -> None:
    assert summarise_lineages(tracks_of([])).n_shown == 0
    assert choose_colours(tracks_of([])).tolist() == [0]
