"""A few columns of the decision's tables, part by part."""

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.io import decided
from samtrack.io.decided import feature, read_chosen, read_column, read_columns, read_proposals, read_reasons
from samtrack.io.tables import write_links, write_table
from samtrack.types import Detections, Links

ROLES = ("source", "target")
KINDS = {
    "links": ("source", "target"),
    "divisions": ("mother", "daughter_a", "daughter_b"),
    "merges": ("before_a", "before_b", "shared", "after_a", "after_b"),
}


@pytest.fixture(params=[1, 3, 1000])
def table(tmp_path, monkeypatch, request):
    """Ten cells in a row of frames, nine links of which every other one is chosen; read in parts of some size."""
    monkeypatch.setattr(decided, "PART_ROWS", request.param)
    n = 10
    columns = dict.fromkeys(("size_um", "intensity", "intensity_sd", "elongation", "spread"), np.ones(n))
    columns |= {"neighbour_um": np.ones(n), "border_um": np.ones(n), "origin": np.zeros(n)}
    box = np.zeros((n, 2))
    cells = Detections(np.arange(n), np.arange(n) + 1, np.zeros((n, 2)), box_start=box, box_stop=box + 1, **columns)
    source, score = np.arange(n - 1), np.linspace(0.1, 0.9, n - 1)
    links = Links(source, source + 1, score, source * 0, np.stack([score * 2, score * 3], 1), ("evidence", "iou"))
    chosen, told = source % 2 == 0, np.array([None if i % 2 else f"for {i}" for i in source], dtype=object)
    path = tmp_path / "links.parquet"
    write_links(path, links, cells, chosen=chosen, spoke_for=told)
    return path, cells, links


def test_the_chosen_ones_come_with_their_rows(table):
    path, cells, links = table
    found = read_proposals(path, ROLES, cells)
    assert found["source"].tolist() == [0, 2, 4, 6, 8]
    assert found["target"].tolist() == [1, 3, 5, 7, 9]
    np.testing.assert_array_equal(found["score"], links.score[::2])
    assert set(found) == {"source", "target", "score", "chosen"}


def test_all_come_with_the_facts_that_are_asked_for(table):
    path, cells, links = table
    found = read_proposals(
        path, ROLES, cells, ["score", feature("evidence"), feature("no_such_fact")], only_chosen=False
    )
    assert len(found["score"]) == 9
    np.testing.assert_array_equal(found[feature("evidence")], links.features[:, 0])
    assert feature("iou") not in found
    assert feature("no_such_fact") not in found


def test_proposals_of_others_are_left_out_or_refused(table):
    path, cells, _ = table
    few = cells.take(np.arange(5))
    assert read_proposals(path, ROLES, few, among=True)["target"].tolist() == [1, 3]
    with pytest.raises(DataError, match=r"links\.parquet: speaks of [1-3] detections"):
        read_proposals(path, ROLES, few)


def test_reasons_of_the_least_probable_know_which_they_are(table):
    path, _, _ = table
    found = read_reasons(path, 0.55, ["spoke_for", "runner_up_frame"])
    assert found["at"].tolist() == [0, 1, 2]
    assert found["spoke_for"].tolist() == ["for 0", "for 2", "for 4"]
    assert "runner_up_frame" not in found


def test_a_table_without_rows_has_its_columns(tmp_path, table):
    _, cells, _ = table
    none = np.zeros(0, dtype=np.int64)
    write_links(tmp_path / "none.parquet", Links(none, none, none, none, np.zeros((0, 0))), cells, chosen=none > 0)
    assert len(read_proposals(tmp_path / "none.parquet", ROLES, cells)["source"]) == 0
    assert len(read_reasons(tmp_path / "none.parquet", 1.0, ["score"])["at"]) == 0


def test_what_is_no_table_is_named(tmp_path):
    (tmp_path / "x.parquet").write_text("no")
    with pytest.raises(DataError, match=r"x\.parquet: cannot be read as Parquet"):
        read_columns(tmp_path / "x.parquet", ["t"])
    with pytest.raises(DataError, match=r"x\.parquet: cannot be read as Parquet"):
        read_reasons(tmp_path / "x.parquet", 1.0, ["t"])


def write_decision(folder) -> None:
    """Tables of three proposals each, of which the last two are chosen."""
    for name, roles in KINDS.items():
        columns = {
            f"{role}_{key}": np.arange(3) + 10 * i + (key == "label") * 100
            for i, role in enumerate(roles)
            for key in ("frame", "label")
        }
        columns |= {"score": np.array([0.1, 0.2, 0.3]), "chosen": np.array([False, True, True])}
        write_table(folder / f"{name}.parquet", columns)


def test_pairs_that_were_chosen(tmp_path, monkeypatch):
    write_decision(tmp_path)
    found = list(read_chosen(tmp_path))
    assert [columns[0].tolist() for columns in found] == [[1, 2], [1, 2], [1, 2], [1, 2], [11, 12]]
    assert [columns[3].tolist() for columns in found] == [[111, 112], [111, 112], [121, 122], [131, 132], [141, 142]]
    assert all(columns[4].tolist() == [0.2, 0.3] for columns in found)
    monkeypatch.setattr(decided, "PART_ROWS", 2)
    pieces = [columns[4].tolist() for columns in read_chosen(tmp_path)]
    assert pieces == [[0.2], [0.3]] + [[0.2], [0.2], [0.3], [0.3]] * 2


def test_a_column_that_is_not_there(tmp_path):
    write_table(tmp_path / "a.parquet", {"x": np.arange(2)})
    assert read_column(tmp_path / "a.parquet", "x").tolist() == [0, 1]
    with pytest.raises(DataError, match=r"a\.parquet: lacks y; .*Delete it"):
        read_column(tmp_path / "a.parquet", "y")
    write_table(tmp_path / "links.parquet", {"chosen": np.ones(2, dtype=bool)})
    with pytest.raises(DataError, match=r"links\.parquet: lacks source_frame, source_label, target_frame"):
        list(read_chosen(tmp_path))
