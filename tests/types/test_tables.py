"""The columnar tables: every invariant raises when broken, columns cannot be written, rows are found by key."""

from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from samtrack.types import Detections, Divisions, Links, Merges, Tracks


def detections(pairs: list[tuple[int, int]], ndim: int = 2) -> Detections:
    """A table with the given (frame, label) pairs and unremarkable measures."""
    n = len(pairs)
    frame, label = np.array(pairs, dtype=int).reshape(-1, 2).T
    box = np.tile(np.arange(ndim), (n, 1))
    columns = {
        name: np.full(n, value)
        for name, value in {
            "size_um": 4.0,
            "intensity": 100.0,
            "intensity_sd": 5.0,
            "elongation": 1.2,
            "spread": 1.0,
            "neighbour_um": 9.0,
            "border_um": 3.0,
            "origin": 0,
        }.items()
    }
    centroids = np.column_stack([np.arange(n, dtype=float)] * ndim) if n else np.zeros((0, ndim))
    return Detections(frame=frame, label=label, centroid_um=centroids, box_start=box, box_stop=box + 2, **columns)


def links(source: list[int], target: list[int], score: list[float]) -> Links:
    """Links with one feature."""
    n = len(source)
    return Links(source, target, score, np.zeros(n), np.zeros((n, 1)), ("distance",))


def divisions(mother: list[int], a: list[int], b: list[int], score: list[float]) -> Divisions:
    """Divisions without features."""
    return Divisions(mother, a, b, score, np.zeros((len(mother), 0)))


def tracks(rows: list[tuple[int, int, int]], track_of: list[int] | None = None) -> Tracks:
    """Tracks from (first frame, last frame, parent)."""
    first, last, parent = np.array(rows, dtype=int).reshape(-1, 3).T
    return Tracks(np.array(track_of or []), np.arange(1, len(rows) + 1), first, last, parent)


TABLES = [
    detections([(0, 1), (0, 2), (1, 1)]),
    links([0, 1], [1, 2], [0.2, 1.0]),
    divisions([0], [1], [2], [0.5]),
    tracks([(0, 1, 0), (2, 3, 1), (2, 5, 1)], [1, 2, 3]),
]

KEYS = st.lists(st.tuples(st.integers(0, 6), st.integers(1, 9)), unique=True, max_size=25).map(sorted)


@pytest.mark.parametrize("table", TABLES, ids=lambda t: type(t).__name__)
def test_no_column_can_be_written(table: Detections | Links | Divisions | Tracks) -> None:
    for field in fields(table):
        column = getattr(table, field.name)
        if isinstance(column, np.ndarray) and column.size:
            with pytest.raises(ValueError, match="read-only"):
                column[0] = 1
        with pytest.raises(AttributeError):
            setattr(table, field.name, column)


def test_the_callers_array_stays_writeable() -> None:
    score = np.array([0.5])
    made = Links(np.array([0]), np.array([1]), score, np.array([0]), np.zeros((1, 0), dtype=np.float32))
    score[0] = 0.7
    assert score.flags.writeable
    assert not made.score.flags.writeable


@pytest.mark.parametrize("table", TABLES, ids=lambda t: type(t).__name__)
def test_every_column_must_have_as_many_rows(table: Detections | Links | Divisions | Tracks) -> None:
    own_length = {"track_of", "feature_names", "is_followed"}
    names = [f.name for f in fields(table) if f.name not in own_length]
    for name in names[1:]:
        with pytest.raises(ValueError, match=r"rows, expected|must be"):
            replace(table, **{name: getattr(table, name)[:-1]})


class TestDetections:
    @pytest.mark.parametrize("pairs", [[(1, 1), (0, 1)], [(0, 2), (0, 1)], [(0, 1), (0, 1)]])
    def test_are_sorted_and_unique(self, pairs: list[tuple[int, int]]) -> None:
        with pytest.raises(ValueError, match="sorted by"):
            detections(pairs)

    @pytest.mark.parametrize("pairs", [[(-1, 1)], [(0, 0)]])
    def test_start_at_frame_0_and_label_1(self, pairs: list[tuple[int, int]]) -> None:
        with pytest.raises(ValueError, match="frames start at 0 and labels at 1"):
            detections(pairs)

    @pytest.mark.parametrize("change", [{"size_um": [0.0]}, {"centroid_um": [[np.nan, 1.0]]}])
    def test_have_a_place_and_a_size(self, change: dict) -> None:
        with pytest.raises(ValueError, match="centroids must be finite and sizes positive"):
            replace(detections([(0, 1)]), **change)

    def test_boxes_and_centroids_share_their_axes(self) -> None:
        with pytest.raises(ValueError, match=r"must be \(n, ndim\)"):
            replace(detections([(0, 1)]), box_start=np.zeros((1, 3)))

    @given(KEYS, st.lists(st.tuples(st.integers(0, 7), st.integers(1, 40)), max_size=20))
    def test_rows_of_finds_each_pair_and_only_those(self, pairs: list, asked: list) -> None:
        table = detections(pairs)
        wanted = [pairs.index(pair) if pair in pairs else -1 for pair in asked]
        frame, label = [f for f, _ in asked], [v for _, v in asked]
        assert table.rows_of(frame, label).tolist() == wanted
        assert table.rows_of(table.frame, table.label).tolist() == list(range(len(pairs)))

    @given(KEYS, st.integers(1, 5))
    def test_concatenated_blocks_are_the_whole(self, pairs: list[tuple[int, int]], frames: int) -> None:
        whole = detections(pairs)
        parts = [whole.take((whole.frame >= t) & (whole.frame < t + frames)) for t in range(0, 7, frames)]
        joined = Detections.concatenate(parts)
        for field in fields(Detections):
            assert np.array_equal(getattr(joined, field.name), getattr(whole, field.name)), field.name

    def test_blocks_in_the_wrong_order_are_refused(self) -> None:
        with pytest.raises(ValueError, match="sorted by"):
            Detections.concatenate([detections([(3, 1)]), detections([(1, 1)])])
        with pytest.raises(ValueError, match="nothing to concatenate"):
            Detections.concatenate([])

    @pytest.mark.parametrize("ndim", [2, 3])
    def test_empty_tables_keep_their_axes_and_join(self, ndim: int) -> None:
        empty = Detections.empty(ndim)
        assert (len(empty), empty.ndim) == (0, ndim)
        table = detections([(1, 1)], ndim)
        assert len(Detections.concatenate([empty, table, empty])) == 1
        assert empty.rows_of([0], [1]).tolist() == [-1]

    @given(KEYS, st.data())
    def test_take_by_rows_and_by_mask_agree(self, pairs: list[tuple[int, int]], data: st.DataObject) -> None:
        table = detections(pairs)
        mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(pairs), max_size=len(pairs))), dtype=bool)
        by_mask, by_rows = table.take(mask), table.take(np.flatnonzero(mask))
        assert by_mask.label.tolist() == by_rows.label.tolist() == table.label[mask].tolist()
        assert by_mask.ndim == table.ndim


class TestLinksAndDivisions:
    @pytest.mark.parametrize("score", [-0.1, 1.1, float("nan"), float("inf")])
    def test_scores_are_probabilities(self, score: float) -> None:
        with pytest.raises(ValueError, match="probabilities between 0 and 1"):
            links([0], [1], [score])
        with pytest.raises(ValueError, match="probabilities between 0 and 1"):
            divisions([0], [1], [2], [score])

    def test_features_have_one_name_per_column(self) -> None:
        for table in (links([0], [1], [0.5]), divisions([0], [1], [2], [0.5])):
            with pytest.raises(ValueError, match="expected 2 columns"):
                replace(table, feature_names=("a", "b"))

    def test_daughters_differ(self) -> None:
        with pytest.raises(ValueError, match="two different daughters"):
            divisions([0], [1], [1], [0.5])

    def test_a_merge_has_two_cells_on_each_side(self) -> None:
        for before, after in (([0, 0], [3, 4]), ([0, 1], [3, 3])):
            with pytest.raises(ValueError, match="two different cells before it and two after"):
                Merges(*([row] for row in (*before, 2, *after)), [0.5], np.zeros((1, 0)))

    def test_merges_are_taken_and_joined_with_their_facts(self) -> None:
        facts = np.arange(4.0).reshape(2, 2)
        table = Merges([0, 1], [1, 2], [3, 4], [5, 6], [6, 7], [0.5, 0.75], facts, ("a", "b"))
        one = table.take(np.array([1]))
        assert (one.shared.tolist(), one.features.tolist(), one.feature_names) == ([4], [[2.0, 3.0]], ("a", "b"))
        whole = Merges.concatenate([Merges.none(("a", "b")), table, one])
        assert whole.score.tolist() == [0.5, 0.75, 0.75]
        assert len(Merges.none()) == 0

    def test_links_go_forward_in_time(self) -> None:
        table = links([0, 1], [1, 2], [0.5, 0.5])
        table.require_forward(np.array([0, 1, 3]))
        for frames in ([0, 1, 1], [2, 1, 3]):
            with pytest.raises(ValueError, match="earlier frame to a later one"):
                table.require_forward(np.array(frames))

    def test_empty_tables_are_allowed(self) -> None:
        assert len(links([], [], [])) == len(divisions([], [], [], [])) == 0


class TestTracks:
    def test_a_lineage(self) -> None:
        table = tracks([(0, 3, 0), (4, 9, 1), (5, 6, 1)], [1, 1, 0, 2, 3])
        assert len(table) == 3
        assert table.parent.tolist() == [0, 1, 1]

    @pytest.mark.parametrize(
        ("rows", "track_of", "told"),
        [
            ([(3, 2, 0)], [], "starts after it ends"),
            ([(0, 3, 0), (3, 5, 1)], [], "must end before its child starts"),
            ([(0, 3, 0), (2, 5, 1)], [], "must end before its child starts"),
            ([(0, 3, 1)], [], "must end before its child starts"),
            ([(0, 3, 2)], [], "a parent is not listed"),
            ([(0, 3, -1)], [], "a parent is not listed"),
            ([(0, 1, 0), (2, 3, 1), (2, 3, 1), (2, 3, 1)], [], "more than two children"),
            ([(0, 1, 0)], [1, 2], "names a track that is not listed"),
            ([(0, 1, 0)], [-1], "names a track that is not listed"),
        ],
    )
    def test_what_is_no_lineage_is_refused(self, rows: list, track_of: list[int], told: str) -> None:
        with pytest.raises(ValueError, match=told):
            tracks(rows, track_of)

    def test_numbers_run_from_1(self) -> None:
        with pytest.raises(ValueError, match=r"numbered 1\.\.n"):
            Tracks(np.array([0]), np.array([2]), np.array([0]), np.array([1]), np.array([0]))

    def test_no_tracks_at_all(self) -> None:
        assert len(tracks([], [0, 0])) == 0


def test_followed_tracks_are_numbered_among_themselves() -> None:
    tracks = Tracks([1, 2, 0, 3, 4, 5], [1, 2, 3, 4, 5], [0, 0, 2, 2, 4], [1, 1, 3, 3, 5], [0, 0, 2, 2, 4])
    assert tracks.followed() is tracks
    assert tracks.followed_as.tolist() == [0, 1, 2, 3, 4, 5]
    some = replace(tracks, is_followed=[False, True, True, False, True])
    assert some.follows(some.track_of).tolist() == [False, True, False, True, False, True]
    kept = some.followed()
    assert kept.track_of.tolist() == [0, 1, 0, 2, 0, 3]
    assert (kept.first_frame.tolist(), kept.last_frame.tolist()) == ([0, 2, 4], [1, 3, 5])
    assert kept.parent.tolist() == [0, 1, 0], "a parent that is not followed is none"
    with pytest.raises(ValueError, match="is_followed has 2 rows, expected 5"):
        replace(tracks, is_followed=[True, False])
