"""Stage evaluate on folders: what is written, what the truth may hold, and what is refused."""

from __future__ import annotations

import csv
import json
import shutil

import numpy as np
import pytest
import tifffile

from samtrack.config.evaluate import EvaluateSettings
from samtrack.errors import DataError
from samtrack.io.ctc import write_mask, write_result_table
from samtrack.stages.evaluate import run_evaluate

SETTINGS = EvaluateSettings.model_validate({})
TABLE = [[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 1]]


def drawn(t, depth=None):
    """Frame t: cell 1 until frame 1, then its daughters 2 and 3."""
    mask = np.zeros((6, 8), dtype=np.uint16)
    mask[1:3, 1:3] = 1 if t < 2 else 2
    mask[4:6, 4:6] = 0 if t < 2 else 3
    return mask if depth is None else np.repeat(mask[None], depth, axis=0)


def write_folder(folder, prefix, frames, table=None, depth=None):
    folder.mkdir(parents=True)
    for t in frames:
        write_mask(folder / f"{prefix}{t:03d}.tif", drawn(t, depth))
    if table is not None:
        write_result_table(folder / ("res_track.txt" if prefix == "mask" else "man_track.txt"), table)


@pytest.fixture
def made(tmp_path):
    """A perfect result of 4 frames beside its truth, of which 2 frames have SEG."""
    write_folder(tmp_path / "01_RES", "mask", range(4), TABLE)
    write_folder(tmp_path / "01_GT" / "TRA", "man_track", range(4), TABLE)
    write_folder(tmp_path / "01_GT" / "SEG", "man_seg", [1, 3])
    return tmp_path


def evaluate(folder, stem=None, workers=2):
    return run_evaluate(folder / "01_RES", folder / "01_GT", stem, "demo", "01", SETTINGS, workers)


def warnings_of(folder):
    evaluate(folder, folder / "s")
    return json.loads((folder / "s.json").read_text())["warnings"]


def test_a_perfect_result_and_what_is_written(made):
    scores = evaluate(made, made / "out" / "01_scores")
    assert [scores.values[n] for n in ("Valid", "DET", "SEG", "TRA", "LNK", "BC(0)", "divF1(3)")] == [1] * 7
    document = json.loads((made / "out" / "01_scores.json").read_text())
    assert (document["dataset"], document["sequence"], document["frames"]) == ("demo", "01", 4)
    assert document["values"] == dict(scores.values)
    assert document["warnings"] == ["SEG truth has 2 of 4 frames"]
    assert document["settings"] == {"division_tolerance_frames": [0, 1, 2, 3]}
    assert set(document["versions"]) == {"samtrack", "py-ctcmetrics", "numpy", "scipy"}
    with open(made / "out" / "01_scores.csv", newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["dataset"], row["sequence"], row["frames"], float(row["TRA"])) == ("demo", "01", "4", 1.0)
    assert row["CCA"] == ""  # not defined: no whole cell cycle
    assert document["values"]["CCA"] is None
    assert sorted(path.name for path in (made / "out").iterdir()) == ["01_scores.csv", "01_scores.json"]


def test_equal_data_give_equal_bytes_whatever_the_number_of_threads(made):
    for name, workers in [("a", 1), ("b", 4)]:
        evaluate(made, made / name, workers)
    for end in ("json", "csv"):
        assert (made / f"a.{end}").read_bytes() == (made / f"b.{end}").read_bytes()
    assert str(made) not in (made / "a.json").read_text()


def test_a_dot_in_the_stem_stays(made):
    evaluate(made, made / "v1.2_scores")
    assert (made / "v1.2_scores.json").exists()


def test_without_a_stem_nothing_is_written(made):
    before = sorted(made.rglob("*"))
    assert evaluate(made).values["DET"] == 1
    assert sorted(made.rglob("*")) == before


def test_a_truth_with_tracks_only(made):
    shutil.rmtree(made / "01_GT" / "SEG")
    scores = evaluate(made)
    assert scores.values["TRA"] == 1
    assert "SEG" not in scores.values
    assert warnings_of(made) == ["the truth has no SEG: SEG, OP_CSB and OP_CTB are not measured"]


def test_a_truth_with_masks_only_needs_neither_table_nor_every_frame(made):
    shutil.rmtree(made / "01_GT" / "TRA")
    (made / "01_RES" / "res_track.txt").unlink()
    assert dict(evaluate(made).values) == {"SEG": 1, "SEG_images": 2, "SEG_objects": 3}
    assert any("was not checked" in warning for warning in warnings_of(made))


def test_volumes_against_volumes_and_against_single_slices(tmp_path):
    write_folder(tmp_path / "01_RES", "mask", range(4), TABLE, depth=3)
    write_folder(tmp_path / "01_GT" / "TRA", "man_track", range(4), TABLE, depth=3)
    write_folder(tmp_path / "01_GT" / "SEG", "man_seg", [1], depth=3)
    # Two slices of frame 3: in slice 0 both cells are right; in slice 2 the truth's cell 2 is one column wider, so that
    # it shares 4 of 6 voxels, and the result lacks cell 3. Slices count one by one, beside cell 1 of the volume:
    # (1 + 1 + 1 + 4/6 + 0) / 5. In the volume of frame 3, cell 3 is still covered by two thirds.
    volume = drawn(3, depth=3)
    volume[2][volume[2] == 3] = 0
    write_mask(tmp_path / "01_RES" / "mask003.tif", volume)
    write_mask(tmp_path / "01_GT" / "SEG" / "man_seg_003_000.tif", drawn(3))
    wider = drawn(3)
    wider[1:3, 3] = 2
    write_mask(tmp_path / "01_GT" / "SEG" / "man_seg_003_002.tif", wider)
    scores = evaluate(tmp_path)
    assert scores.values["SEG"] == pytest.approx((3 + 4 / 6) / 5)
    assert (scores.values["SEG_images"], scores.values["SEG_objects"]) == (3, 5)
    assert scores.values["DET"] == 1
    assert "SEG truth: 2 single slices, each scored by itself" in warnings_of(tmp_path)


def test_an_invalid_result_is_measured_and_told(made):
    write_result_table(made / "01_RES" / "res_track.txt", [[1, 0, 1, 0], [2, 2, 3, 1]])
    scores = evaluate(made)
    assert (scores.values["Valid"], scores.values["DET"], scores.values["SEG"]) == (0, 1, 1)
    assert scores.values["AOGM_EA"] == 1  # the link to daughter 3 is not in the table
    told = warnings_of(made)
    assert told[0].startswith("not valid: unlisted-label: masks, frame 2, label 3")
    assert any("measured as its masks show" in warning for warning in told)


def test_a_result_that_breaks_only_a_rule_of_files_is_not_valid_either(made):
    tifffile.imwrite(made / "01_RES" / "mask001.tif", drawn(1).astype(np.uint32))
    assert (evaluate(made).values["Valid"], evaluate(made).values["TRA"]) == (0, 1)
    assert warnings_of(made)[0].startswith("not valid: pixel-type: mask001.tif, frame 1")


def test_a_result_without_a_table_is_measured_and_told(made):
    (made / "01_RES" / "res_track.txt").unlink()
    assert evaluate(made).values["DET"] == 1
    assert any("no-table" in warning for warning in warnings_of(made))


def test_many_reasons_are_cut_short(made):
    for t in range(4):
        tifffile.imwrite(made / "01_RES" / f"mask{t:03d}.tif", drawn(t).astype(np.uint32))
    (made / "01_RES" / "res_track.txt").write_text("x\n" * 20)
    told = [warning for warning in warnings_of(made) if warning.startswith("not valid")]
    assert len(told) == 11
    assert "17 more violations" in told[-1]  # 4 types, 20 lines and 3 labels that are not listed, less the 10 told


def test_a_truth_that_disagrees_with_itself_is_told(made):
    write_result_table(made / "01_GT" / "TRA" / "man_track.txt", [*TABLE, [9, 0, 3, 0]])
    assert evaluate(made).values["Valid"] == 1
    assert any("truth disagrees with itself" in warning and "9" in warning for warning in warnings_of(made))


def damage_missing_truth(folder):
    shutil.rmtree(folder / "01_GT")


def damage_empty_truth(folder):
    shutil.rmtree(folder / "01_GT")
    (folder / "01_GT" / "TRA").mkdir(parents=True)


def damage_truth_gap(folder):
    (folder / "01_GT" / "TRA" / "man_track002.tif").unlink()


def damage_truth_table(folder):
    (folder / "01_GT" / "TRA" / "man_track.txt").unlink()


def damage_truth_line(folder):
    (folder / "01_GT" / "TRA" / "man_track.txt").write_text("1 0 1 0\n2 2 three 1\n")


def damage_missing_result(folder):
    shutil.rmtree(folder / "01_RES")


def damage_no_masks(folder):
    for path in (folder / "01_RES").glob("*.tif"):
        path.unlink()


def damage_missing_mask(folder):
    (folder / "01_RES" / "mask002.tif").unlink()


def damage_extra_mask(folder):
    write_mask(folder / "01_RES" / "mask004.tif", drawn(3))


def damage_frame_twice(folder):
    write_mask(folder / "01_RES" / "mask0002.tif", drawn(2))


def damage_shape(folder):
    write_mask(folder / "01_RES" / "mask001.tif", drawn(1)[:5])


def damage_float_mask(folder):
    tifffile.imwrite(folder / "01_RES" / "mask001.tif", drawn(1).astype(np.float32))


def damage_bytes(folder):
    (folder / "01_RES" / "mask001.tif").write_bytes(b"II*\x00")


def damage_slice_of_plane(folder):
    write_mask(folder / "01_GT" / "SEG" / "man_seg_002_001.tif", drawn(2))


def damage_seg_frame(folder):
    write_mask(folder / "01_GT" / "SEG" / "man_seg009.tif", drawn(2))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (damage_missing_truth, "01_GT: is no folder"),
        (damage_empty_truth, "holds neither TRA/man_track<frame>.tif nor SEG/man_seg<frame>.tif"),
        (damage_truth_gap, "3 images are numbered 0-1, 3, expected 0 to 2"),
        (damage_truth_table, r"man_track\.txt"),
        (damage_truth_line, r"man_track\.txt: line 2 is '2 2 three 1'"),
        (damage_missing_result, "01_RES: is no folder"),
        (damage_no_masks, "01_RES: holds no mask<frame>.tif"),
        (damage_missing_mask, "3 masks, .*has 4 frames: no mask for frames 2"),
        (damage_extra_mask, "5 masks, .*has 4 frames: no truth for frames 4"),
        (damage_frame_twice, "several files are frame 2"),
        (damage_shape, r"mask001\.tif: has shape \(5, 8\), the truth .*man_(track|seg)001\.tif has \(6, 8\)"),
        (damage_float_mask, r"mask001\.tif.* float32"),
        (damage_bytes, r"mask001\.tif"),
        (damage_slice_of_plane, r"man_seg_002_001\.tif: is slice 1 of a frame, but .* has shape \(6, 8\)"),
        (damage_seg_frame, "no mask for frames 9"),
    ],
)
def test_what_cannot_be_compared_is_refused_and_nothing_is_written(made, damage, said):
    damage(made)
    with pytest.raises(DataError, match=said):
        evaluate(made, made / "out")
    assert not list(made.glob("out*"))


@pytest.mark.parametrize(
    "how",
    [
        {"byteorder": ">"},
        {"bigtiff": True},
        {"compression": "zlib"},
        {"tile": (16, 16)},
        {"dtype": np.uint8},
        {"dtype": np.uint32},
        {"digits": 4},
    ],
    ids=str,
)
def test_folders_of_any_writer_are_measured(made, how):
    for folder, prefix in (("01_RES", "mask"), ("01_GT/TRA", "man_track"), ("01_GT/SEG", "man_seg")):
        for path in sorted((made / folder).glob("*.tif")):
            image, frame = tifffile.imread(path), int(path.stem.removeprefix(prefix))
            path.unlink()
            written = {key: value for key, value in how.items() if key not in ("dtype", "digits")}
            name = f"{prefix}{frame:0{how.get('digits', 3)}d}.tif"
            tifffile.imwrite(made / folder / name, image.astype(how.get("dtype", np.uint16)), metadata=None, **written)
    scores = evaluate(made).values
    assert [scores[name] for name in ("DET", "SEG", "TRA", "LNK")] == [1] * 4
    broken = {np.uint8: "pixel-type", np.uint32: "pixel-type", 4: "digits"}.get(how.get("dtype", how.get("digits")))
    assert scores["Valid"] == (broken is None)
    assert any(f"not valid: {broken}" in warning for warning in warnings_of(made)) == (broken is not None)
