"""Stage validate on folders."""

from __future__ import annotations

import logging

import numpy as np
import pytest
import tifffile

from samtrack.errors import DataError
from samtrack.io.ctc import write_mask, write_result_table
from samtrack.stages.validate import Against, find_problems, run_validate


@pytest.fixture
def result(tmp_path):
    """A valid result of 4 frames: cell 1 divides into 2 and 3."""
    folder = tmp_path / "01_RES"
    folder.mkdir()
    for t in range(4):
        mask = np.zeros((6, 8), dtype=np.uint16)
        mask[1:3, 1:3] = 1 if t < 2 else 2
        mask[4:5, 4:7] = 0 if t < 2 else 3
        write_mask(folder / f"mask{t:03d}.tif", mask)
    write_result_table(folder / "res_track.txt", [[1, 0, 1, 0], [2, 2, 3, 1], [3, 2, 3, 1]])
    return folder


@pytest.fixture
def images(tmp_path):
    folder = tmp_path / "01"
    folder.mkdir()
    for t in range(4):
        tifffile.imwrite(folder / f"t{t:03d}.tif", np.full((6, 8), t, dtype=np.uint8))
    return folder


@pytest.mark.parametrize("workers", [1, 3])
def test_a_valid_result_passes_beside_its_images(result, images, workers):
    assert run_validate(result, Against(images), workers) == []


def test_a_fault_is_found_whatever_the_number_of_threads(result):
    write_result_table(result / "res_track.txt", [[1, 0, 2, 0], [2, 2, 3, 0]])
    found = [run_validate(result, workers=workers) for workers in (1, 3)]
    assert [v.rule for v in found[0]] == ["unlisted-label", "hole"]
    assert found[0] == found[1]
    assert str(found[0][1]) == "hole: res_track.txt, frame 2, label 1: is listed but absent in frame 2"


def test_images_of_another_shape_or_number_are_found(result, images):
    tifffile.imwrite(images / "t004.tif", np.zeros((6, 8), dtype=np.uint8))
    assert [(v.rule, v.frame) for v in run_validate(result, Against(images))] == [("frame-missing", 4)]
    for path in images.iterdir():
        tifffile.imwrite(path, np.zeros((7, 8), dtype=np.uint8))
    assert {v.rule for v in run_validate(result, Against(images))} == {"frame-missing", "raw-shape"}


def test_images_need_not_start_at_zero(result, images):
    for t in range(3, -1, -1):
        (images / f"t{t:03d}.tif").rename(images / f"t{t + 1:03d}.tif")
    assert run_validate(result, Against(images)) == []


def test_damaged_masks_strangers_and_no_table_are_found(result):
    (result / "mask003.tif").write_bytes(b"II*\x00")
    (result / "mask_old.tif").write_bytes(b"")
    (result / "res_track.txt").unlink()
    assert sorted(v.rule for v in run_validate(result)) == ["foreign-file", "no-table", "unreadable"]


def test_masks_of_the_wrong_type_are_found(result):
    tifffile.imwrite(result / "mask001.tif", np.ones((6, 8), dtype=np.uint8))
    assert [(v.rule, v.frame) for v in run_validate(result)] == [("pixel-type", 1)]


def test_notes_are_logged_and_do_not_count(result, caplog):
    write_mask(result / "mask003.tif", np.zeros((6, 8), dtype=np.uint16))
    write_result_table(result / "res_track.txt", [[1, 0, 1, 0], [2, 2, 2, 1], [3, 2, 2, 1]])
    with caplog.at_level(logging.INFO, logger="samtrack"):
        assert run_validate(result) == []
    assert any("empty-frame" in message and "frame 3" in message for message in caplog.messages)


def test_objects_in_pieces_are_noted_when_asked_for(result):
    mask = tifffile.imread(result / "mask000.tif")
    mask[5, 7] = 1
    write_mask(result / "mask000.tif", mask)
    assert find_problems(result).notes == ()
    found = find_problems(result, Against(connected=True)).notes
    assert [(v.rule, v.frame, v.label) for v in found] == [("disconnected", 0, 1)]


def test_a_folder_without_masks_and_one_that_does_not_exist(tmp_path):
    (tmp_path / "empty").mkdir()
    assert [v.rule for v in run_validate(tmp_path / "empty")] == ["no-masks", "no-table"]
    with pytest.raises(DataError, match="no_such"):
        run_validate(tmp_path / "no_such")
