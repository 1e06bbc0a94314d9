"""Tables of points: spellings, separators, units, and what is said of a table that cannot be read."""

import json

import numpy as np
import pandas as pd
import pytest

from samtrack.config.seed_files import SeedFileSettings
from samtrack.errors import DataError
from samtrack.io.seed_tables import read_point_json, read_point_table

PLAIN = SeedFileSettings()


def table(tmp_path, text, name="points.csv"):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        "id;scale;xpos;ypos;zpos;intensity\n7;2;30;20;10;0.5\n9;2;31;21;11;0.25\n",
        "id;scale;xpos;ypos;zpos;intensity\n7;2;30;20;10;0.5;\n9;2;31;21;11;0.25;\n",  # a separator ends each row
        "\ufeffID; Scale ;XPos;Y_Pos;zPOS;\n7;2;30;20;10;\n9;2;31;21;11;\n",
        "id,comment,x,y,z\r\n7,,30,20,10\r\n9,round,31,21,11\r\n",
        "Label\tZ\tY\tX\n7\t10\t20\t30\n9\t11\t21\t31",
    ],
)
def test_positions_are_found_whatever_the_spelling(tmp_path, text):
    found = read_point_table(table(tmp_path, text), 3, PLAIN)
    np.testing.assert_array_equal(found.position, [[10, 20, 30], [11, 21, 31]])
    np.testing.assert_array_equal(found.label, [7, 9])
    assert found.frame is None
    assert not found.in_um


def test_z_is_divided_exactly(tmp_path):
    found = read_point_table(table(tmp_path, "xpos;ypos;zpos\n30;20;11\n"), 3, SeedFileSettings(z_divisor=2))
    np.testing.assert_array_equal(found.position, [[5.5, 20, 30]])
    np.testing.assert_array_equal(found.label, [1])


def test_a_movie_in_2d_does_not_ask_for_z(tmp_path):
    found = read_point_table(table(tmp_path, "xpos;ypos;zpos\n30;20;0\n"), 2, SeedFileSettings(z_divisor=2))
    np.testing.assert_array_equal(found.position, [[20, 30]])


BOTH = "frame,z,y,x,z_um,y_um,x_um\n3,1,2,3,10,20,30\n"


@pytest.mark.parametrize(
    ("text", "units", "place", "in_um"),
    [
        (BOTH, "auto", [1, 2, 3], False),
        (BOTH, "um", [10, 20, 30], True),
        (BOTH, "voxels", [1, 2, 3], False),
        ("t,z_um,y (µm),x_UM\n3,10,20,30\n", "auto", [10, 20, 30], True),
        ("t,z,y,x\n3,10,20,30\n", "um", [10, 20, 30], True),
    ],
)
def test_units_follow_names_unless_they_are_set(tmp_path, text, units, place, in_um):
    found = read_point_table(table(tmp_path, text), 3, SeedFileSettings(units=units))
    np.testing.assert_array_equal(found.position, [place])
    assert (found.in_um, found.frame.tolist()) == (in_um, [3])


def test_parquet_is_the_same_table(tmp_path):
    frame = pd.DataFrame(
        {"t": [0, 2], "z": [1, 2], "y": [3.5, 4], "x": [5, 6], "track_id": [8, 9], "note": ["a", None]}
    )
    frame.to_parquet(tmp_path / "points.parquet")
    frame.to_csv(tmp_path / "points.csv", index=False)
    one, other = (read_point_table(tmp_path / f"points.{kind}", 3, PLAIN) for kind in ("parquet", "csv"))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_array_equal(a, b)
    assert one.label.tolist() == [8, 9]


def test_a_header_alone_is_a_frame_without_cells(tmp_path):
    found = read_point_table(table(tmp_path, "id;xpos;ypos;zpos;\n"), 3, PLAIN)
    assert found.position.shape == (0, 3)
    assert len(found.label) == 0


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", r"is empty, expected a header"),
        ("id;xpos;ypos\n1;2;3\n", r"columns id, xpos, ypos, expected z, y, x or zpos, ypos, xpos .* z_um, y_um, x_um"),
        ("x,y,z\n1,2,a\n", r"cannot be read as a table of 3 columns separated by ','.*'a'"),
        ("x;y;z\n1,5;2;3\n", r"decimals a point"),
        ("x;y;z\n1;2\n", r"as many values as the header"),
        ("x;y;z\n1;2;3\n4;;6\n", r"1 of 2 rows have no number in z, y, x, the first of them row 2"),
        ("t;x;y;z\n1.5;2;3;4\n", r"column t holds 1\.5 in row 1 below the header, expected whole numbers"),
    ],
)
def test_what_is_wrong_with_a_table_is_said(tmp_path, text, said):
    with pytest.raises(DataError, match=said):
        read_point_table(table(tmp_path, text), 3, PLAIN)


def test_a_mapping_of_labels_to_places(tmp_path):
    found = read_point_json(table(tmp_path, json.dumps({"12": [1, 2, 3.5], "4": [4, 5, 6]}), "first.json"), 3)
    assert found.label.tolist() == [12, 4]
    np.testing.assert_array_equal(found.position, [[1, 2, 3.5], [4, 5, 6]])


@pytest.mark.parametrize("text", ['{"a": [1, 2, 3]}', '{"1": [1, 2]}', '{"1": 3}', "[[1, 2, 3]]", "{"])
def test_what_is_no_such_mapping_is_refused(tmp_path, text):
    with pytest.raises(DataError, match=r"first\.json: "):
        read_point_json(table(tmp_path, text, "first.json"), 3)
