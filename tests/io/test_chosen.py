"""Columns of tables, and what was chosen of a decision."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from samtrack.errors import DataError
from samtrack.io.chosen import read_chosen, read_column
from samtrack.io.tables import write_table

ROLES = {
    "links": ("source", "target"),
    "divisions": ("mother", "daughter_a", "daughter_b"),
    "merges": ("before_a", "before_b", "shared", "after_a", "after_b"),
}


def test_pairs_that_were_chosen(tmp_path: Path):
    for name, roles in ROLES.items():
        columns = {
            f"{role}_{key}": np.arange(3) + 10 * i + (key == "label") * 100
            for i, role in enumerate(roles)
            for key in ("frame", "label")
        }
        columns |= {"score": np.array([0.1, 0.2, 0.3]), "chosen": np.array([False, True, True])}
        write_table(tmp_path / f"{name}.parquet", columns)
    found = list(read_chosen(tmp_path))
    assert [columns[0].tolist() for columns in found] == [[1, 2], [1, 2], [1, 2], [1, 2], [11, 12]]
    assert [columns[3].tolist() for columns in found] == [[111, 112], [111, 112], [121, 122], [131, 132], [141, 142]]
    assert all(columns[4].tolist() == [0.2, 0.3] for columns in found)
    pieces = [columns[4].tolist() for columns in read_chosen(tmp_path, rows=2)]
    assert pieces == [[0.2], [0.3]] + [[0.2], [0.2], [0.3], [0.3]] * 2


def test_a_column_that_is_not_there(tmp_path: Path):
    write_table(tmp_path / "a.parquet", {"x": np.arange(2)})
    assert read_column(tmp_path / "a.parquet", "x").tolist() == [0, 1]
    with pytest.raises(DataError, match=r"a\.parquet: lacks y .*Delete it"):
        read_column(tmp_path / "a.parquet", "y")
    write_table(tmp_path / "links.parquet", {"chosen": np.ones(2, dtype=bool)})
    with pytest.raises(DataError, match=r"links\.parquet: lacks source_frame"):
        list(read_chosen(tmp_path))
    (tmp_path / "b.parquet").write_bytes(b"nothing")
    with pytest.raises(DataError, match=r"b\.parquet: lacks x"):
        read_column(tmp_path / "b.parquet", "x")
