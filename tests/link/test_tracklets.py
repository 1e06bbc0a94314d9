"""A lineage drawn by hand, read as columns.

Cells by frame (0 to 7): a is always there; b is missing in frame 2 and ends in 4; m divides into x and y between 2 and 3, y
ends in 5; p and q share the mask s in frame 3; o is alone in frame 5.
"""

from types import SimpleNamespace

import numpy as np
import pytest

from samtrack.link.tracklets import (
    LONG,
    NOBODY,
    FirstDecision,
    carried_um,
    mean_over,
    read_tracklets,
    rows_by_frame,
)
from samtrack.types import Detections, Merges

LIVES = {
    "a": range(8),
    "b": [0, 1, 3, 4],
    "m": range(3),
    "x": range(3, 8),
    "y": range(3, 6),
    "p": [0, 1, 2, 4, 5, 6, 7],
    "q": [0, 1, 2, 4, 5, 6, 7],
    "s": [3],
    "o": [5],
}
RADIUS = 4.0


def decided(links, divisions, merges=None):
    return FirstDecision(np.ones(len(links), bool), np.ones(len(divisions), bool), merges or Merges.none())


@pytest.fixture(scope="module")
def lineage(table_of, links_of, divisions_of):
    cells = [(t, i + 1, (30.0 * i + t, 50.0)) for i, c in enumerate(LIVES) for t in LIVES[c]]
    table = table_of(cells)
    label = {c: i + 1 for i, c in enumerate(LIVES)}

    def row(name):
        return int(table.rows_of([int(name[1:])], [label[name[0]]])[0])

    chains = [(f"{c}{s}", f"{c}{t}") for c in "abmxy" for s, t in zip(LIVES[c], LIVES[c][1:], strict=False)]
    chains += [(f"{c}{s}", f"{c}{s + 1}") for c in "pq" for s in (0, 1, 4, 5, 6)]
    right = [(row(s), row(t)) for s, t in chains]
    wrong = [(row("a1"), row("b3")), (row("o5"), row("a6"))]
    links = links_of(right + wrong)
    divisions = divisions_of([(row("m2"), row("x3"), row("y3")), (row("a2"), row("x3"), row("s3"))])
    roles = {
        "before_a": "p2",
        "before_b": "q2",
        "shared": "s3",
        "after_a": "p4",
        "after_b": "q4",
    }
    merges = Merges(
        **{role: [row(name)] for role, name in roles.items()}, score=[0.9], features=np.zeros((1, 0), np.float32)
    )
    chosen = FirstDecision(np.arange(len(links)) < len(right), np.array([True, False]), merges)
    return SimpleNamespace(row=row, table=table, t=read_tracklets(table, links, divisions, chosen, RADIUS))


@pytest.mark.parametrize(
    ("of", "before", "after"),
    [
        ("a3", "a2", "a4"),
        ("a0", None, "a1"),
        ("a7", "a6", None),
        ("b1", "b0", "b3"),
        ("b3", "b1", "b4"),
        ("m2", "m1", None),
        ("x3", None, "x4"),
        ("p2", "p1", "p4"),
        ("q4", "q2", "q5"),
        ("s3", None, None),
        ("o5", None, None),
    ],
)
def test_who_comes_before_and_after(lineage, of, before, after):
    row, t = lineage.row, lineage.t
    assert t.before[row(of)] == (row(before) if before else NOBODY)
    assert t.after[row(of)] == (row(after) if after else NOBODY)


def test_divisions_and_shared_masks(lineage):
    row, t = lineage.row, lineage.t
    assert np.flatnonzero(t.divides).tolist() == [row("m2")]
    assert sorted(np.flatnonzero(t.mother != NOBODY)) == sorted([row("x3"), row("y3")])
    assert t.mother[row("x3")] == t.mother[row("y3")] == row("m2")
    assert np.flatnonzero(t.is_shared).tolist() == [row("s3")]


@pytest.mark.parametrize(
    ("of", "past", "future"),
    [
        ("b3", ["b3", "b1", "b0"], ["b3", "b4", None]),
        ("x4", ["x4", "x3", None], ["x4", "x5", "x6"]),
        ("p4", ["p4", "p2", "p1"], ["p4", "p5", "p6"]),
        ("m2", ["m2", "m1", "m0"], ["m2", None, None]),
        ("o5", ["o5", None, None], ["o5", None, None]),
    ],
)
def test_past_and_future_are_the_nearest_detections_of_the_track(lineage, of, past, future):
    row, t = lineage.row, lineage.t
    for found, names in ((t.past, past), (t.future, future)):
        assert found[row(of)].tolist() == [row(n) if n else NOBODY for n in names]


@pytest.mark.parametrize(
    ("of", "lived", "lives", "age"),
    [
        ("a0", LONG, LONG, None),  # the movie begins with it: it may be old
        ("a7", LONG, LONG, None),
        ("b4", LONG, 1, None),
        ("b1", LONG, 3, None),
        ("m0", LONG, 3, None),
        ("x3", 1, LONG, 0),  # seen to the movie's end
        ("x6", 4, LONG, 3),
        ("y3", 1, 3, 0),
        ("y5", 3, 1, 2),
        ("p4", LONG, LONG, None),
        ("s3", 1, 1, None),
        ("o5", 1, 1, None),
    ],
)
def test_how_long_a_cell_has_lived_and_will(lineage, of, lived, lives, age):
    at, t = lineage.row(of), lineage.t
    assert (t.lived[at], t.lives[at]) == (lived, lives)
    assert np.isnan(t.age[at]) if age is None else t.age[at] == age


def test_the_age_counts_frames_over_gaps(table_of, links_of, divisions_of):
    table = table_of([(0, 1, (0, 0)), *[(t, i, (0, 9 * i)) for t in (1, 4, 12) for i in (1, 2)]])
    links, divisions = links_of([(1, 3), (3, 5), (2, 4), (4, 6)]), divisions_of([(0, 1, 2)])
    t = read_tracklets(table, links, divisions, decided(links, divisions), RADIUS)
    assert t.age.tolist()[1:] == [0, 0, 3, 3, 11, 11]
    assert np.isnan(t.age[0])


def odds(events, among):
    return np.log((events + 1) / (among - events + 100))


def test_rates_count_events_inside_the_picture(table_of, links_of, divisions_of):
    # three cells over four frames; cell 2 is missing in frame 1, cell 3 from frame 2 on; cell 4 begins in frame 3
    seen = [(t, 1) for t in range(4)] + [(0, 2), (2, 2), (3, 2), (0, 3), (1, 3), (3, 4)]
    table = table_of([(t, i, (0, 50 * i)) for t, i in seen])
    rows = {key: int(table.rows_of([key[0]], [key[1]])[0]) for key in seen}
    steps = [((0, 1), (1, 1)), ((1, 1), (2, 1)), ((2, 1), (3, 1)), ((0, 2), (2, 2)), ((2, 2), (3, 2)), ((0, 3), (1, 3))]
    links, divisions = links_of([(rows[s], rows[t]) for s, t in steps]), divisions_of([])
    t = read_tracklets(table, links, divisions, decided(links, divisions), RADIUS)
    assert t.loss_rate == pytest.approx(odds(2, 7))
    assert t.start_rate == pytest.approx(odds(1, 7))
    assert t.division_rate == pytest.approx(odds(0, 7))
    at_border = np.where(table.label == 3, 2 * RADIUS, 100.0)
    near = Detections(**{n: getattr(table, n) for n in Detections.__slots__} | {"border_um": at_border})
    assert read_tracklets(near, links, divisions, decided(links, divisions), RADIUS).loss_rate == pytest.approx(
        odds(1, 5)
    )
    divisions = divisions_of([(rows[2, 2], rows[3, 2], rows[3, 4])])
    links = links_of([(rows[s], rows[t]) for s, t in steps if s != (2, 2)])
    t = read_tracklets(table, links, divisions, decided(links, divisions), RADIUS)
    assert t.loss_rate == pytest.approx(odds(2, 7)), "a mother is not lost"
    assert t.start_rate == pytest.approx(odds(0, 7)), "a daughter has a past"
    assert t.division_rate == pytest.approx(odds(1, 7))


def moving(table_of, links_of, divisions_of, shifts, first_frame=0, extra=None):
    """A grid of 16 cells, all moved by the same shift from frame to frame; ``extra`` moves cell 6 further in frame 1."""
    grid = np.stack(np.meshgrid(np.arange(4) * 20.0, np.arange(4) * 20.0), axis=-1).reshape(-1, 2)
    path = np.concatenate([[[0, 0]], np.cumsum(shifts, axis=0)])
    cells = [(first_frame + t, i + 1, grid[i] + path[t]) for t in range(len(path)) for i in range(16)]
    if extra is not None:
        cells = [(t, i, p + np.where(t > first_frame and i == 6, extra, 0)) for t, i, p in cells]
    table = table_of(cells)
    links = links_of([(r, r + 16) for r in range(len(table) - 16)])
    divisions = divisions_of([])
    return table, read_tracklets(table, links, divisions, decided(links, divisions), RADIUS)


def test_the_motion_field_leaves_the_own_link_out(table_of, links_of, divisions_of):
    _, t = moving(table_of, links_of, divisions_of, [(2.0, 1.0)], extra=np.array([6.0, 0.0]))
    field = t.field
    np.testing.assert_allclose(field.step_um[:16], np.tile([2.0, 1.0], (16, 1)))
    np.testing.assert_allclose(field.step_in_um[16:], np.tile([2.0, 1.0], (16, 1)))
    np.testing.assert_allclose(field.own_out_um[5], [6, 0])
    np.testing.assert_allclose(field.own_in_um[21], [6, 0])
    np.testing.assert_allclose(np.delete(field.own_out_um[:16], 5, axis=0), 0, atol=1e-9)
    assert np.isnan(field.own_out_um[16:]).all(), "the last frame's cells have no next step"
    assert np.isnan(field.own_in_um[:16]).all()


@pytest.mark.parametrize("first_frame", [0, 5])
def test_what_the_surroundings_do_adds_up_over_frames(table_of, links_of, divisions_of, first_frame):
    shifts = np.array([(1.0, 0.0), (3.0, -1.0), (5.0, 2.0), (7.0, 0.0)])
    table, t = moving(table_of, links_of, divisions_of, shifts, first_frame)
    for first in range(4):
        for last in range(first + 1, 5):
            source, target = 16 * first + np.arange(16), 16 * last + np.arange(16)
            found = carried_um(t.field, table.frame, source, target)
            np.testing.assert_allclose(found, np.tile(shifts[first:last].sum(axis=0), (16, 1)), atol=1e-9)


def test_means_over_what_is_known():
    values = np.array([1.0, 3.0, np.nan, 8.0])
    rows = np.array([[0, 1, 3], [0, 1, NOBODY], [2, 0, NOBODY], [2, NOBODY, NOBODY], [NOBODY] * 3])
    np.testing.assert_array_equal(mean_over(rows, values), [4.0, 2.0, 1.0, np.nan, np.nan])


def test_rows_by_frame():
    frame = np.array([0, 0, 2, 2, 5])
    nothing = np.zeros(0, dtype=np.int64)
    assert list(rows_by_frame(frame, nothing)) == []
    found = [(t, rows.tolist()) for t, rows in rows_by_frame(frame, np.array([4, 1, 3, 2]))]
    assert found == [(0, [1]), (2, [3, 2]), (5, [4])]


@pytest.mark.parametrize("ndim", [2, 3])
def test_no_cells(ndim, links_of, divisions_of):
    links, divisions = links_of([]), divisions_of([])
    t = read_tracklets(Detections.empty(ndim), links, divisions, decided(links, divisions), 0.0)
    assert t.past.shape == t.future.shape == (0, 3)
    assert t.field.step_um.shape == (0, ndim)
    nothing = np.zeros(0, dtype=np.int64)
    assert carried_um(t.field, nothing, nothing, nothing).shape == (0, ndim)
    assert t.loss_rate == pytest.approx(odds(0, 0))
