import os
import time

import pytest

from samtrack.doctor.trial import clock_difference_s, existing, fault_of_locks, fault_of_renames, trial_folder


def test_a_sound_folder_has_no_fault_and_nothing_is_left(tmp_path):
    with trial_folder(tmp_path) as folder:
        assert fault_of_locks(folder) == ""
        assert fault_of_renames(folder) == ""
        assert abs(clock_difference_s(folder)) < 1
    assert list(tmp_path.iterdir()) == []


def test_locks_that_keep_nobody_out_are_noticed(tmp_path, monkeypatch):
    monkeypatch.setattr("samtrack.doctor.trial.TRY_LOCK", "pass")
    assert "gets a lock that is held" in fault_of_locks(tmp_path)


def test_a_rename_that_copies_into_the_old_file_is_noticed(tmp_path, monkeypatch):
    def copy(source, target):
        with open(source, "rb") as read, open(target, "r+b") as write:
            write.write(read.read())
        os.unlink(source)

    monkeypatch.setattr(os, "replace", copy)
    assert "changes when another takes its name" in fault_of_renames(tmp_path)


def test_a_clock_that_is_behind_is_noticed(tmp_path, monkeypatch):
    true = time.time
    monkeypatch.setattr("samtrack.doctor.trial.time.time", lambda: true() + 100)
    assert clock_difference_s(tmp_path) == pytest.approx(-100, abs=2)


def test_the_nearest_folder_that_exists(tmp_path):
    assert existing(tmp_path / "a" / "b") == tmp_path


def test_where_nothing_can_be_made(read_only):
    with pytest.raises(OSError, match=r".+"), trial_folder(read_only):
        pass
