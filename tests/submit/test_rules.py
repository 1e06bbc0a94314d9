"""Every rule, broken on disk: a valid result is damaged in one way, and the rule is named with file, frame and label.

One row per rule or way to break it: the rule, what breaks it, what is said.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
import tifffile

from samtrack.io.ctc import write_mask, write_result_table
from samtrack.stages.validate import Against, find_problems
from samtrack.submit import DATASETS, NOTES, Rule

N_FRAMES, SHAPE = 4, (60, 80)
TABLE = [[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 1]]
DRO = DATASETS["Fluo-N3DL-DRO"]


def drawn(t):
    """Cell 1 until frame 1, then its daughters 2 and 3 at other places; none in a rim of 25."""
    mask = np.zeros(SHAPE, dtype=np.uint16)
    if t < 2:
        mask[28:33, 30:40] = 1
    else:
        mask[28:30, 30:36] = 2
        mask[31:34, 38:44] = 3
    return mask


@dataclass
class Result:
    """A valid result beside its raw movie and the marked cells of its first frame."""

    folder: Path
    against: dict = field(default_factory=dict)

    @property
    def images(self) -> Path:
        return self.folder.parent / "01"

    def change(self, frame, edit=None, **how):
        """Write a mask anew, changed by ``edit`` in place."""
        mask = drawn(frame).astype(np.int64)
        if edit:
            edit(mask)
        how = {"compression": "lzw", "metadata": None} | how
        tifffile.imwrite(self.folder / f"mask{frame:03d}.tif", mask.astype(how.pop("dtype", np.uint16)), **how)

    def table(self, *rows):
        (self.folder / "res_track.txt").write_text("".join(f"{row}\n" for row in rows))

    def delete(self, name):
        (self.folder / name).unlink()

    def rename(self, old, new):
        (self.folder / old).rename(self.folder / new)


@pytest.fixture
def result(tmp_path):
    made = Result(tmp_path / "01_RES")
    made.folder.mkdir()
    made.images.mkdir()
    for t in range(N_FRAMES):
        write_mask(made.folder / f"mask{t:03d}.tif", drawn(t))
        tifffile.imwrite(made.images / f"t{t:03d}.tif", np.full(SHAPE, 100 + t, dtype=np.uint8))
    write_result_table(made.folder / "res_track.txt", TABLE)
    marks = np.zeros(SHAPE, dtype=np.uint16)
    marks[30, 33] = 7
    write_mask(tmp_path / "man_track000.tif", marks)
    return made


def paint(rows, columns, label):
    def edit(mask):
        mask[rows, columns] = label

    return edit


def erase(label):
    def edit(mask):
        mask[mask == label] = 0

    return edit


def no_masks(r):
    for path in r.folder.glob("*.tif"):
        path.unlink()


def four_digits(r):
    for t in range(N_FRAMES):
        r.rename(f"mask{t:03d}.tif", f"mask{t:04d}.tif")


def two_widths(r):
    r.rename("mask002.tif", "mask0002.tif")


def digits_of_the_dataset(r):
    r.against["dataset"] = DATASETS["BF-C2DL-HSC"]  # has more than 1000 frames


def frame_twice(r):
    write_mask(r.folder / "mask0001.tif", drawn(1))


def another_number_of_images(r):
    tifffile.imwrite(r.images / "t004.tif", np.zeros(SHAPE, dtype=np.uint8))


def an_extra_mask(r):
    write_mask(r.folder / "mask004.tif", drawn(3))
    r.table("1 0 1 0", "2 2 4 1", "3 2 4 1")


def all_empty(r):
    for t in range(N_FRAMES):
        r.change(t, paint(slice(None), slice(None), 0))
    r.table()


def late_cell(r):
    r.change(3, paint(50, 60, 4))
    r.table("1 0 1 0", "2 2 3 1", "3 2 3 1", "4 3 3 0")
    r.against["dataset"] = DRO


def late_orphan(r):
    r.table("1 0 1 0", "2 2 3 1", "3 2 3 0")
    r.against["first_frame"] = r.folder.parent / "man_track000.tif"


def unmarked_cell(r):
    r.change(0, paint(50, 60, 4))
    r.table("1 0 1 0", "2 2 3 1", "3 2 3 1", "4 0 0 0")
    r.against["first_frame"] = r.folder.parent / "man_track000.tif"


def lost_cell(r):
    marks = np.zeros(SHAPE, dtype=np.uint16)
    marks[30, 33], marks[10, 10] = 7, 8
    write_mask(r.folder.parent / "man_track000.tif", marks)
    r.against |= {"dataset": DRO, "first_frame": r.folder.parent / "man_track000.tif"}


def in_rim(r):
    r.change(3, lambda mask: (erase(3)(mask), paint(slice(0, 25), 40, 3)(mask)))
    r.against["dataset"] = DATASETS["Fluo-N2DL-HeLa"]


def in_pieces(r):
    r.change(1, paint(50, 60, 1))
    r.against["connected"] = True


BROKEN = [
    (Rule.NO_MASKS, no_masks, "holds no file named mask<frame>.tif"),
    (Rule.FOREIGN_FILE, lambda r: r.rename("mask003.tif", "seg003.tif"), "seg003.tif: is a TIFF file but no mask"),
    (Rule.FOREIGN_FILE, lambda r: r.rename("mask003.tif", "mask003.tiff"), r"mask003\.tiff"),
    (Rule.FRAME_MISSING, lambda r: r.delete("mask002.tif"), r"mask002\.tif, frame 2: is missing"),
    (Rule.FRAME_MISSING, lambda r: r.delete("mask000.tif"), r"mask000\.tif, frame 0"),
    (Rule.FRAME_MISSING, another_number_of_images, r"mask004\.tif, frame 4: is missing; frames are 0 to 4"),
    (Rule.FRAME_EXTRA, an_extra_mask, r"mask004\.tif, frame 4: the raw movie has 4 frames"),
    (Rule.FRAME_TWICE, frame_twice, r"mask0001\.tif, mask001\.tif, frame 1"),
    (Rule.DIGITS, four_digits, "has 4 digits, expected 3 for 4 frames"),
    (Rule.DIGITS, two_widths, r"mask0002\.tif, frame 2"),
    (Rule.DIGITS, digits_of_the_dataset, "has 3 digits, expected 4"),
    (Rule.UNREADABLE, lambda r: (r.folder / "mask001.tif").write_bytes(b"II*\x00"), r"mask001\.tif, frame 1"),
    (Rule.PIXEL_TYPE, lambda r: r.change(1, dtype=np.uint8), "voxels are uint8, expected uint16"),
    (Rule.PIXEL_TYPE, lambda r: r.change(1, dtype=np.uint32), "voxels are uint32"),
    (Rule.PIXEL_TYPE, lambda r: r.change(1, dtype=np.int16), "voxels are int16"),
    (Rule.PIXEL_TYPE, lambda r: r.change(1, dtype=np.float32), "voxels are float32"),
    (Rule.SHAPE, lambda r: write_mask(r.folder / "mask003.tif", drawn(3)[:, :79]), r"has shape \(60, 79\)"),
    (Rule.RAW_SHAPE, lambda r: write_mask(r.folder / "mask003.tif", drawn(3)[:59]), r"the raw movie has \(60, 80\)"),
    (Rule.NO_TABLE, lambda r: r.delete("res_track.txt"), "is missing"),
    (Rule.NO_TABLE, lambda r: r.rename("res_track.txt", "man_track.txt"), "is missing"),
    (Rule.TABLE_SYNTAX, lambda r: r.table("1 0 1", "2 2 3 1", "3 2 3 1"), "line 1 is '1 0 1', expected four whole"),
    (Rule.TABLE_SYNTAX, lambda r: r.table("L B E P", "1 0 1 0", "2 2 3 1", "3 2 3 1"), "line 1"),
    (Rule.TABLE_SYNTAX, lambda r: r.table("1 0 1 0", "2 2 3.0 1", "3 2 3 1"), "line 2"),
    (Rule.TABLE_SEPARATOR, lambda r: r.table("1 0 1 0", "2\t2\t3\t1", "3 2 3 1"), "one space between"),
    (Rule.LABEL_RANGE, lambda r: r.table("0 0 1 0", "1 0 1 0", "2 2 3 1", "3 2 3 1"), "label 0: labels are 1 to 65535"),
    (Rule.LABEL_RANGE, lambda r: r.change(3, paint(5, 5, 65536), dtype=np.uint32), r"mask003\.tif.*label 65536"),
    (
        Rule.LABEL_TWICE,
        lambda r: r.table("1 0 1 0", "2 2 3 1", "3 2 3 1", "3 2 3 1"),
        "label 3: has more than one line",
    ),
    (Rule.FRAME_RANGE, lambda r: r.table("1 0 1 0", "2 2 4 1", "3 2 3 1"), "lives from 2 to 4; frames are 0 to 3"),
    (Rule.FRAME_RANGE, lambda r: r.table("1 -1 1 0", "2 2 3 1", "3 2 3 1"), "label 1: lives from -1 to 1"),
    (Rule.FRAME_ORDER, lambda r: r.table("1 1 0 0", "2 2 3 1", "3 2 3 1"), "label 1: starts in 1, ends in 0"),
    (Rule.PARENT_NEGATIVE, lambda r: r.table("1 0 1 -1", "2 2 3 1", "3 2 3 1"), "label 1: has parent -1"),
    (Rule.PARENT_SELF, lambda r: r.table("1 0 1 1", "2 2 3 1", "3 2 3 1"), "label 1: is its own parent"),
    (Rule.PARENT_UNKNOWN, lambda r: r.table("1 0 1 0", "2 2 3 9", "3 2 3 1"), "label 2: has parent 9, which is not"),
    (Rule.PARENT_LATE, lambda r: r.table("1 0 1 0", "2 2 3 3", "3 2 3 1"), "label 2: starts in 2, before its parent 3"),
    (Rule.UNLISTED, lambda r: r.change(2, paint(5, 5, 9)), "frame 2, label 9: is not listed"),
    (Rule.HOLE, lambda r: r.change(1, erase(1)), "frame 1, label 1: is listed but absent in frame 1"),
    (
        Rule.HOLE,
        lambda r: r.table("1 0 1 0", "2 2 3 1", "3 2 3 1", "4 2 3 0"),
        "label 4: is listed but absent in frames 2",
    ),
    (
        Rule.OUTSIDE,
        lambda r: r.change(1, paint(50, 60, 2)),
        "frame 1, label 2: is present outside of its first to last",
    ),
    (Rule.OUTSIDE, lambda r: r.change(2, paint(50, 60, 1)), "frame 2, label 1: is present outside"),
    (Rule.EMPTY_RESULT, all_empty, "no mask holds an object"),
    (Rule.EMPTY_FRAME, lambda r: (r.change(0, erase(1)), r.table("1 1 1 0", "2 2 3 1", "3 2 3 1")), "frame 0"),
    (
        Rule.MANY_CHILDREN,
        lambda r: (
            [r.change(t, paint(50, 60, 4)) for t in (2, 3)],
            r.table("1 0 1 0", "2 2 3 1", "3 2 3 1", "4 2 3 1"),
        ),
        "label 1: has 3 children",
    ),
    (Rule.ONLY_CHILD, lambda r: r.table("1 0 1 0", "2 2 3 1", "3 2 3 0"), "label 2: is the only child of 1"),
    (Rule.DISCONNECTED, in_pieces, r"mask001\.tif, frame 1, label 1: is in several pieces"),
    (Rule.EXTRA_FILE, lambda r: (r.folder / "Thumbs.db").touch(), "Thumbs.db: is neither a mask nor res_track.txt"),
    (Rule.EXTRA_FILE, lambda r: (r.folder / "old").mkdir(), "old: is neither"),
    (Rule.IN_RIM, in_rim, r"mask003\.tif, frame 3: 1 objects lie wholly inside the rim.*: 3$"),
    (Rule.LATE_LINEAGE, late_cell, "label 4: begins a lineage in frame 3"),
    (Rule.LATE_LINEAGE, late_orphan, "label 3: begins a lineage in frame 2"),
    (Rule.UNMARKED_LINEAGE, unmarked_cell, "label 4: is in frame 0 where no cell is marked"),
    (Rule.LOST_CELL, lost_cell, "label 8: is marked in the first frame, but no object"),
]


@pytest.mark.parametrize(("rule", "damage", "said"), BROKEN, ids=[f"{row[0]}-{i}" for i, row in enumerate(BROKEN)])
def test_a_broken_rule_is_named(result, rule, damage, said):
    clean = Against(result.images, dataset=None)
    assert find_problems(result.folder, clean) == find_problems(result.folder)  # nothing to say before
    assert find_problems(result.folder, clean).violations == ()
    damage(result)
    found = find_problems(result.folder, Against(result.images, **result.against))
    named = [str(violation) for violation in (found.notes if rule in NOTES else found.violations)]
    assert [text for text in named if text.startswith(f"{rule}: ") and re.search(said, text)], named


def test_every_rule_is_broken_here():
    assert {row[0] for row in BROKEN} == set(Rule)


def test_every_rule_is_explained_in_the_documents():
    text = (Path(__file__).parents[2] / "docs" / "evaluate.md").read_text(encoding="utf-8")
    assert [rule for rule in Rule if f"`{rule}`" not in text] == []


def test_a_result_that_keeps_the_rules_of_its_dataset_breaks_none(result):
    found = find_problems(
        result.folder, Against(result.images, DRO, result.folder.parent / "man_track000.tif", connected=True)
    )
    assert (found.violations, found.notes) == ((), ())


def test_a_gap_needs_a_new_label_which_may_be_an_only_child(result):
    result.change(1, erase(1))
    result.change(2, lambda mask: erase(3)(mask))
    result.change(3, lambda mask: erase(3)(mask))
    result.table("1 0 0 0", "2 2 3 1")
    found = find_problems(result.folder)
    assert found.violations == ()
    assert [note.rule for note in found.notes] == [Rule.EMPTY_FRAME]


def test_the_result_with_all_cells_may_begin_lineages_late(result):
    late_cell(result)
    assert find_problems(result.folder, Against(dataset=DRO)).violations
    assert find_problems(result.folder, Against(dataset=DRO, all_cells=True)).violations == ()


@pytest.mark.parametrize(
    "how",
    [
        {"byteorder": ">"},
        {"bigtiff": True},
        {"compression": None},
        {"compression": "zlib"},
        {"compression": "packbits"},
        {"compression": "zstd"},
        {"tile": (32, 32)},
        {"rowsperstrip": 7},
        {"compression": "deflate", "predictor": True, "byteorder": ">"},
        {"metadata": {"axes": "YX"}, "imagej": True, "compression": None},
    ],
    ids=str,
)
def test_masks_of_any_writer_are_read(result, how):
    for t in range(N_FRAMES):
        result.change(t, **how)
    found = find_problems(result.folder, Against(result.images, connected=True))
    assert (found.violations, found.notes) == ((), ())


def test_colour_is_no_label_image(result):
    colour = np.stack([drawn(1)] * 3, axis=-1)
    tifffile.imwrite(result.folder / "mask001.tif", colour, photometric="rgb")
    assert {v.rule for v in find_problems(result.folder, Against(result.images)).violations} == {
        Rule.SHAPE,
        Rule.RAW_SHAPE,
    }
