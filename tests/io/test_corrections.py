"""Files of edits and of pins."""

import pytest

from samtrack.errors import DataError
from samtrack.io.corrections import EDIT_COLUMNS, append_edits, read_edits, read_pins, write_pins
from samtrack.types import Pin

HEADER = ",".join(EDIT_COLUMNS)


def edits_of(tmp_path, *rows, header=HEADER):
    path = tmp_path / "edits.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    return read_edits(path)


def test_every_action_is_read(tmp_path):
    link, unlink, divide, delete, relabel = edits_of(
        tmp_path, 'link,3,1,4,2,"sure, seen"', "unlink,3,1,4,", "divide,3,1,4,5;6", "DELETE,,7", "", "relabel,3,1,,2,"
    )
    assert (link.frame, link.track, link.other_frames, link.other_tracks) == (3, 1, (4,), (2,))
    assert link.text == "link,3,1,4,2,sure, seen"
    assert link.where.endswith("edits.csv, line 2")
    assert unlink.other_tracks == (1,), "its own track"
    assert (divide.other_frames, divide.other_tracks) == ((4, 4), (5, 6))
    assert (delete.action, delete.frame, delete.track) == ("delete", None, 7)
    assert (relabel.other_frames, relabel.other_tracks) == ((), (2,))
    assert relabel.where.endswith("line 7")


def test_the_note_may_be_missing_and_spreadsheets_may_mark_the_file(tmp_path):
    assert edits_of(tmp_path, "delete,1,2,,", header="\ufeffaction,frame,track,other_frame,other_track")[0].track == 2


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("join,3,1,4,2,", "action is 'join', expected link, unlink"),
        ("link,three,1,4,2,", "frame is 'three', expected whole numbers"),
        ("link,3,-1,4,2,", "track is '-1', expected 0 or more"),
        ("link,3,,4,2,", "0 tracks, expected one"),
        ("divide,3,1,4;5;6,5;6,", "2 other_track and 3 other_frame"),
        ("link,3,1,4,2,a,b", "7 fields, expected 6"),
    ],
)
def test_a_wrong_row_is_named(tmp_path, row, said):
    with pytest.raises(DataError, match=f"line 2.*{said}"):
        edits_of(tmp_path, row)


def test_another_table_is_refused(tmp_path):
    with pytest.raises(DataError, match="has the columns a,b, expected action,frame,track"):
        edits_of(tmp_path, "1,2", header="a,b")
    with pytest.raises(DataError, match="cannot be read"):
        read_edits(tmp_path / "none.csv")


def test_a_folder_is_read_by_name_and_rows_are_appended(tmp_path):
    append_edits(tmp_path / "b.csv", [["delete", "1", "2", "", "", "a, b"]])
    append_edits(tmp_path / "a.csv", [["delete", "1", "3", "", "", ""]])
    append_edits(tmp_path / "b.csv", [["delete", "1", "4", "", "", ""]])
    assert [edit.track for edit in read_edits(tmp_path)] == [3, 2, 4]
    assert (tmp_path / "b.csv").read_text().splitlines() == [HEADER, 'delete,1,2,,,"a, b"', "delete,1,4,,,"]
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match="holds no CSV file"):
        read_edits(tmp_path / "empty")


def test_pins_come_back(tmp_path):
    pins = [
        Pin("link", (3, 7), ((5, 2),), 1, "link,3,1,5,2,a, b", places=((1.5, 2.25), (3.0, 4.125))),
        Pin("divide", (3, 7), ((4, 2), (5, 9)), 2, "divide", places=((0.0, 1.0, 2.0),) * 3),
        Pin("apart", (3, 7), ((4, 2),), 2, "divide"),
        Pin("delete", (0, 1), (), 3, "delete", places=((1.0, 2.0),)),
    ]
    write_pins(tmp_path / "pins.csv", pins)
    back = read_pins(tmp_path / "pins.csv")
    for pin, again in zip(pins, back, strict=True):
        assert (again.action, again.cells, again.edit, again.text) == (pin.action, pin.cells, pin.edit, pin.text)
        assert again.places == pin.places
    assert back[1].where.endswith("pins.csv, line 3")


def test_a_damaged_file_of_pins_is_named(tmp_path):
    path = tmp_path / "pins.csv"
    write_pins(path, [Pin("divide", (3, 7), ((4, 2), (5, 9)), 2, "?")])
    path.write_text(path.read_text().replace("4;5,2;9", "4,2"))
    with pytest.raises(DataError, match=r"line 2: divide names 1 other cells, expected 2"):
        read_pins(path)
