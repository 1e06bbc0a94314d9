from collections import namedtuple

import pytest

from samtrack.doctor.disk import Mount, check_out, check_scratch, judge_mount, judge_space, mount_of, try_folder


def test_a_folder_that_can_be_used(situation, told, tmp_path):
    now = situation()
    said = told(check_out(now))
    assert said[f"writing to out {now.out}"][0] == "ok"
    assert not now.out.exists(), "looking makes nothing"
    assert all(verdict == "ok" for verdict, _ in told(check_scratch(now)).values())


def test_a_folder_that_cannot_be_written_is_a_problem(situation, told, read_only):
    now = situation({"out": str(read_only / "out")})
    verdict, said = told(check_out(now))[f"writing to out {now.out}"]
    assert verdict == "problem"
    assert "Choose another `out`" in said


def test_too_little_space_is_a_problem(tmp_path, told):
    assert told(judge_space("x", tmp_path, 1e9, "Free space."))["space at x"][0] == "problem"
    assert told(judge_space("x", tmp_path, 0, "Free space."))["space at x"][0] == "ok"


def test_too_few_inodes_are_a_problem(tmp_path, told, monkeypatch):
    Told = namedtuple("Told", "f_bavail f_frsize f_blocks f_files f_favail")
    monkeypatch.setattr("os.statvfs", lambda path: Told(10**9, 4096, 10**9, 1000, 10))
    assert told(judge_space("x", tmp_path, 1, "Free space."))["files at x"][0] == "problem"
    monkeypatch.setattr("os.statvfs", lambda path: Told(10**9, 4096, 10**9, 0, 0))
    assert "files at x" not in told(judge_space("x", tmp_path, 1, "Free space.")), "a file system that does not count"


@pytest.mark.parametrize(
    ("mount", "uses_slurm", "verdict"),
    [
        (Mount("ext4", "/"), False, "ok"),
        (Mount("ext4", "/"), True, "note"),
        (Mount("nfs4", "/lab", ("rw", "hard")), True, "ok"),
        (Mount("nfs", "/lab", ("rw", "nolock")), False, "note"),
        (Mount("lustre", "/lab", ("rw", "localflock")), True, "note"),
        (Mount("fuse.sshfs", "/lab"), True, "ok"),
        (Mount("tmpfs", "/tmp"), False, "note"),
    ],
)
def test_kinds_of_file_systems(mount, uses_slurm, verdict):
    assert judge_mount("out", mount, uses_slurm).verdict == verdict


def test_the_mount_of_a_folder(tmp_path):
    mount = mount_of(tmp_path)
    assert mount.kind
    assert tmp_path.resolve().is_relative_to(mount.point)


def test_broken_locks_are_a_problem(tmp_path, told, monkeypatch):
    monkeypatch.setattr("samtrack.doctor.trial.TRY_LOCK", "pass")
    said = told(try_folder("out", tmp_path))
    assert said["locks at out"][0] == "problem"
    assert "writing to out" not in said
