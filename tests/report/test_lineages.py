"""Families: roots, colours, places in the drawn trees."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from samtrack.report.lineages import HUES, SHADES, choose_colours, find_roots, plant_trees
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


@given(forests())
def test_a_drawn_tree_has_no_crossings(tracks: Tracks) -> None:
    trees = plant_trees(tracks, lineages=100, rows=1000)
    assert sorted(trees.track.tolist()) == tracks.track.tolist()
    leaves = np.sort(trees.row[~trees.has_children])
    assert leaves.tolist() == list(range(trees.n_rows))
    row = dict(zip(trees.track.tolist(), trees.row.tolist(), strict=True))
    for track, parent in zip(trees.track.tolist(), trees.parent.tolist(), strict=True):
        sisters = trees.track[trees.parent == parent].tolist()
        if parent:
            assert min(row[s] for s in sisters) <= row[parent] <= max(row[s] for s in sisters)
        assert row[track] >= 0


def test_neighbouring_numbers_get_unlike_hues() -> None:
    hue = choose_colours(tracks_of([0] * 24))[1:] // SHADES
    step = np.abs(np.diff(hue))
    assert np.minimum(step, HUES - step).min() >= 5


def test_a_track_keeps_its_colour_when_others_are_added() -> None:
    few, many = choose_colours(tracks_of([0, 0, 1])), choose_colours(tracks_of([0, 0, 1, 1, 0, 3]))
    assert many[:4].tolist() == few.tolist()


def test_the_largest_lineages_are_drawn_first() -> None:
    tracks = tracks_of([0, 0, 0, 3, 3, 1])
    trees = plant_trees(tracks, lineages=2)
    assert trees.track.tolist() == [3, 4, 5, 1, 6]
    assert trees.row.tolist() == [0.5, 0, 1, 2, 2]
    assert (trees.n_lineages, trees.n_tracks, trees.n_shown) == (3, 6, 2)


def test_one_lineage_is_drawn_even_if_it_is_too_large(trees) -> None:
    planted = plant_trees(trees(6, 3), rows=10)
    assert planted.n_shown == 1
    assert planted.n_rows == 32


def test_deep_lineages_need_no_recursion() -> None:
    planted = plant_trees(tracks_of(list(range(3000))))
    assert planted.n_rows == 1
    assert len(planted.track) == 3000


def test_no_tracks() -> None:
    assert plant_trees(tracks_of([])).n_rows == 0
    assert choose_colours(tracks_of([])).tolist() == [0]
