"""Every rule of a CTC result: a valid result breaks none, and each fault is named by its rule, file, frame and label."""

from __future__ import annotations

import numpy as np
import pytest

from samtrack.submit import NOTES, Checker, Expected, FrameFacts, Looks, MaskName, Raw, Rule, measure_mask
from samtrack.submit.check import SHOWN_PER_RULE
from samtrack.submit.lifetimes import told_frames
from samtrack.submit.rules import LabelSet

# A mother (1) in frames 0 and 1, daughters 2 and 3 in frames 2 to 4.
LABELS = [[1], [1], [2, 3], [2, 3], [2, 3]]
TABLE = ["1 0 1 0", "2 2 4 1", "3 2 4 1"]


def lines_of(texts):
    lines = []
    for number, text in enumerate(texts, start=1):
        words = text.split()
        good = len(words) == 4 and all(word.lstrip("+-").isdigit() for word in words)
        lines.append((number, text, tuple(int(word) for word in words) if good else None))
    return lines


def frame_of(frame, labels, digits=3, **other):
    facts = {"dtype": "uint16", "shape": (5, 6), "labels": np.array(labels, dtype=np.int64)} | other
    return FrameFacts(f"mask{frame:0{digits}d}.tif", frame, digits, **facts)


def check(labels=LABELS, table=TABLE, frames=None, raw=None, **other):
    checker = Checker(None if table is None else lines_of(table), Expected(raw), **other)
    for facts in frames or [frame_of(t, here) for t, here in enumerate(labels)]:
        checker.add(facts)
    return checker.findings()


def rules(findings):
    return sorted({violation.rule for violation in findings.violations})


def only(findings):
    """The one violation that there is."""
    assert len(findings.violations) == 1, [str(v) for v in findings.violations]
    return findings.violations[0]


def changed(t, facts):
    frames = [frame_of(k, here) for k, here in enumerate(LABELS)]
    frames[t] = facts
    return frames


def test_a_valid_result_breaks_no_rule():
    found = check(raw=Raw(5, (5, 6)))
    assert (found.violations, found.notes) == ((), ())


def test_the_order_of_frames_does_not_matter():
    frames = [frame_of(t, here) for t, here in enumerate(LABELS)]
    assert check(frames=frames[::-1]).violations == ()


def test_no_masks():
    assert only(Checker(lines_of([])).findings()).rule == Rule.NO_MASKS


def test_foreign_file():
    found = only(check(foreign=["preview.tif"]))
    assert (found.rule, found.file) == (Rule.FOREIGN_FILE, "preview.tif")


@pytest.mark.parametrize(("digits", "n_frames"), [(4, 5), (2, 5)])
def test_digits_of_few_frames_are_three(digits, n_frames):
    found = check(frames=[frame_of(t, here, digits) for t, here in enumerate(LABELS)])
    assert rules(found) == [Rule.DIGITS]
    assert "expected 3" in found.violations[0].message


def test_digits_are_one_width():
    found = only(check(frames=changed(3, frame_of(3, [2, 3], digits=4))))
    assert (found.rule, found.file, found.frame) == (Rule.DIGITS, "mask0003.tif", 3)


@pytest.mark.parametrize(("n_frames", "digits"), [(1000, 3), (1001, 4)])
def test_digits_of_more_than_a_thousand_frames_are_four(n_frames, digits):
    table = [f"1 0 {n_frames - 1} 0"]
    frames = [frame_of(t, [1], digits) for t in range(n_frames)]
    assert check(table=table, frames=frames).violations == ()
    wrong = [frame_of(t, [1], 7 - digits) for t in range(n_frames)]
    assert rules(check(table=table, frames=wrong)) == [Rule.DIGITS]


def test_frame_twice():
    frames = [frame_of(t, here) for t, here in enumerate(LABELS)]
    found = check(frames=[*frames, frame_of(1, [1], digits=4)])
    assert rules(found) == [Rule.DIGITS, Rule.FRAME_TWICE]
    assert "mask0001.tif" in next(v.file for v in found.violations if v.rule == Rule.FRAME_TWICE)


def test_frame_missing_is_not_also_called_a_hole():
    frames = [frame_of(t, here) for t, here in enumerate(LABELS) if t != 3]
    found = only(check(frames=frames))
    assert (found.rule, found.frame, found.file) == (Rule.FRAME_MISSING, 3, "mask003.tif")


def test_frames_are_as_many_as_those_of_the_raw_movie():
    assert (only(check(raw=Raw(6, (5, 6)))).rule, only(check(raw=Raw(6, (5, 6)))).frame) == (Rule.FRAME_MISSING, 5)
    found = check(raw=Raw(4, (5, 6)))
    assert rules(found) == [Rule.FRAME_EXTRA, Rule.FRAME_RANGE]
    assert next(v.frame for v in found.violations if v.rule == Rule.FRAME_EXTRA) == 4


def test_unreadable_masks_are_told_and_the_rest_is_checked():
    broken = FrameFacts("mask003.tif", 3, 3, error="cannot be read (not a TIFF file)")
    found = only(check(frames=changed(3, broken)))
    assert (found.rule, found.frame) == (Rule.UNREADABLE, 3)
    assert "not a TIFF" in found.message


@pytest.mark.parametrize("dtype", ["uint8", "int16", "uint32", "float32"])
def test_pixel_type(dtype):
    found = only(check(frames=changed(2, frame_of(2, [2, 3], dtype=dtype))))
    assert (found.rule, found.frame) == (Rule.PIXEL_TYPE, 2)
    assert dtype in found.message


def test_shape():
    found = only(check(frames=changed(2, frame_of(2, [2, 3], shape=(5, 7)))))
    assert (found.rule, found.frame) == (Rule.SHAPE, 2)
    assert "(5, 7)" in found.message


def test_raw_shape():
    found = check(raw=Raw(5, (3, 5, 6)))
    assert rules(found) == [Rule.RAW_SHAPE]
    assert len(found.violations) == 5


def test_no_table():
    assert only(check(table=None)).rule == Rule.NO_TABLE


@pytest.mark.parametrize("text", ["", "L B E P", "4 0 1", "4 0 1 0 0", "4 0 1.5 0"])
def test_table_syntax(text):
    found = only(check(table=[*TABLE, text]))
    assert found.rule == Rule.TABLE_SYNTAX
    assert "line 4" in found.message


@pytest.mark.parametrize("text", ["3  2 4 1", "3\t2\t4\t1", "3 2 4 01", "+3 2 4 1"])
def test_table_separator(text):
    found = only(check(table=[*TABLE[:2], text]))
    assert (found.rule, found.label) == (Rule.TABLE_SEPARATOR, 3)
    assert "line 3" in found.message


def test_spaces_around_a_line_are_allowed():
    assert check(table=[*TABLE[:2], " 3 2 4 1 "]).violations == ()


@pytest.mark.parametrize("label", [0, -3, 65536])
def test_label_range_of_the_table(label):
    found = check(table=[*TABLE, f"{label} 0 1 0"])
    assert Rule.LABEL_RANGE in rules(found)
    assert next(v.label for v in found.violations if v.rule == Rule.LABEL_RANGE) == label


def test_label_range_of_masks_of_more_than_16_bits():
    frames = changed(4, frame_of(4, [2, 3, 70000], dtype="uint32"))
    found = check(table=[*TABLE, "70000 4 4 0"], frames=frames)
    assert rules(found) == [Rule.LABEL_RANGE, Rule.PIXEL_TYPE]
    assert {v.file for v in found.violations if v.rule == Rule.LABEL_RANGE} == {"mask004.tif", "res_track.txt"}


def test_the_largest_label_is_allowed():
    frames = changed(4, frame_of(4, [2, 3, 65535]))
    assert check(table=[*TABLE, "65535 4 4 0"], frames=frames).violations == ()


def test_label_twice():
    found = only(check(table=[*TABLE, "3 2 4 1"]))
    assert (found.rule, found.label) == (Rule.LABEL_TWICE, 3)


def test_frame_order():
    found = check(table=[*TABLE, "4 3 2 0"])
    assert rules(found) == [Rule.FRAME_ORDER]
    assert found.violations[0].label == 4


@pytest.mark.parametrize("text", ["3 2 5 1", "3 -1 4 0"])
def test_frame_range(text):
    found = check(table=[*TABLE[:2], text])
    assert Rule.FRAME_RANGE in rules(found)
    assert "0 to 4" in next(v.message for v in found.violations if v.rule == Rule.FRAME_RANGE)


def test_parent_negative():
    assert (only(check(table=[*TABLE[:2], "3 2 4 -1"])).rule) == Rule.PARENT_NEGATIVE


def test_parent_self():
    assert (only(check(table=[*TABLE[:2], "3 2 4 3"])).rule) == Rule.PARENT_SELF


def test_parent_unknown():
    found = only(check(table=[*TABLE[:2], "3 2 4 9"]))
    assert (found.rule, found.label) == (Rule.PARENT_UNKNOWN, 3)
    assert "9" in found.message


def test_parent_late_even_in_the_same_frame():
    found = only(check(labels=[[1], [1, 3], [2, 3], [2, 3], [2, 3]], table=[*TABLE[:2], "3 1 4 1"]))
    assert (found.rule, found.label) == (Rule.PARENT_LATE, 3)


def test_a_gap_between_parent_and_child_is_allowed():
    assert check(labels=[[1], [1], [2], [2, 3], [2, 3]], table=[*TABLE[:2], "3 3 4 1"]).violations == ()


def test_unlisted_label():
    found = only(check(labels=[[1], [1, 7], [2, 3, 7], [2, 3], [2, 3, 7]]))
    assert (found.rule, found.label, found.frame) == (Rule.UNLISTED, 7, 1)
    assert "frames 1-2, 4" in found.message


def test_every_label_of_an_empty_table_is_unlisted():
    assert [v.label for v in check(table=[]).violations] == [1, 2, 3]


def test_hole():
    found = only(check(labels=[[1], [1], [2, 3], [3], [2, 3]]))
    assert (found.rule, found.label, found.frame) == (Rule.HOLE, 2, 3)
    assert "frame 3" in found.message


def test_a_listed_label_that_is_nowhere_is_a_hole():
    found = only(check(table=[*TABLE, "9 1 3 0"]))
    assert (found.rule, found.label) == (Rule.HOLE, 9)
    assert "frames 1-3" in found.message


@pytest.mark.parametrize(("labels", "label", "frame"), [([[1], [1, 2], [2, 3]], 2, 1), ([[1], [1], [1, 2, 3]], 1, 2)])
def test_outside(labels, label, frame):
    found = only(check(labels=[*labels, [2, 3], [2, 3]]))
    assert (found.rule, found.label, found.frame) == (Rule.OUTSIDE, label, frame)


def test_empty_result():
    found = check(labels=[[], []], table=[])
    assert rules(found) == [Rule.EMPTY_RESULT]
    assert [v.frame for v in found.notes] == [0, 1]


def test_an_empty_frame_is_a_note():
    found = check(labels=[[1], [], [2]], table=["1 0 0 0", "2 2 2 1"])
    assert found.violations == ()
    assert [(v.rule, v.frame) for v in found.notes] == [(Rule.EMPTY_FRAME, 1)]


def test_many_children_are_a_note():
    labels = [[1], [1], [2, 3, 4], [2, 3, 4]]
    found = check(labels=labels, table=["1 0 1 0", "2 2 3 1", "3 2 3 1", "4 2 3 1"])
    assert found.violations == ()
    assert [(v.rule, v.label, v.message) for v in found.notes] == [(Rule.MANY_CHILDREN, 1, "has 3 children")]


def test_disconnected_objects_are_a_note_when_asked_for():
    mask = np.zeros((5, 6), dtype=np.uint16)
    mask[0, 0] = mask[4, 5] = 1  # two pieces
    mask[2, 2] = mask[3, 3] = 2  # touch at a corner: one piece
    name = MaskName("mask000.tif", 0, 3)
    assert measure_mask(name, mask).broken.tolist() == []
    facts = measure_mask(name, mask, Looks(connected=True))
    assert facts.broken.tolist() == [1]
    found = check(table=["1 0 0 0", "2 0 0 0"], frames=[facts])
    assert found.violations == ()
    assert [(v.rule, v.label) for v in found.notes] == [(Rule.DISCONNECTED, 1)]


def labels_of(mask):
    found = LabelSet()
    for row in mask:
        found.add(row)
    return found.labels.tolist()


@pytest.mark.parametrize("dtype", [np.uint16, np.uint32, np.int32])
def test_labels_of_a_mask_are_sorted_and_without_background(dtype):
    assert labels_of(np.array([[0, 9], [3, 9]], dtype=dtype)) == [3, 9]
    assert labels_of(np.zeros((2, 2), dtype=dtype)) == []


def test_negative_labels_of_a_mask_are_seen():
    assert labels_of(np.array([[0, -2, 5]], dtype=np.int16)) == [-2, 5]


def test_a_rule_that_is_broken_very_often_is_counted():
    n = SHOWN_PER_RULE + 30
    found = check(labels=[list(range(1, n + 1))], table=[])
    assert len(found.violations) == SHOWN_PER_RULE + 1
    assert "30 more" in found.violations[-1].message
    assert found.violations[-1].rule == Rule.UNLISTED
    assert NOTES.issubset(Rule)


def test_frames_are_told_as_ranges():
    assert told_frames(np.array([4])) == "frame 4"
    assert told_frames(np.array([0, 1, 2, 7])) == "frames 0-2, 7"
    assert told_frames(np.arange(0, 20, 2)) == "frames 0, 2, 4, 6, 8 and 5 more ranges"
