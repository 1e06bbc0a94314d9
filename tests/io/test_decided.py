"""A few columns of the decision's tables, part by part."""

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.io import decided
from samtrack.io.decided import feature, read_columns, read_proposals, read_reasons
from samtrack.io.tables import write_links
from samtrack.types import Detections, Links

ROLES = ("source", "target")


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
