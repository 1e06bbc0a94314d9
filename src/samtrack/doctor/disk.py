"""Folders of a run: free space and files, kind of file system, and whether locks and renaming work there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation
from samtrack.doctor.trial import CLOCK_S, clock_difference_s, existing, fault_of_locks, fault_of_renames, trial_folder

FREE_GB = 1.0
"""Below this not even the demo movies are sure to fit."""

SCRATCH_GB = 0.5
"""What Python, Snakemake and compilers put into the temporary folder, with room to spare."""

FREE_FILES = 10_000
"""A run of a few hundred frames makes some thousand files."""

SHARED = (
    "nfs",
    "lustre",
    "beegfs",
    "gpfs",
    "ceph",
    "cifs",
    "smb",
    "afs",
    "panfs",
    "wekafs",
    "glusterfs",
    "orangefs",
    "9p",
)
"""Beginnings of the names of file systems that other machines see, too."""

IN_MEMORY = ("tmpfs", "ramfs")
"""File systems that live in memory and end with the machine."""

LOCAL_LOCKS = ("localflock", "local_lock=all", "local_lock=flock", "nolock")
"""Mount options with which a lock holds on one machine only."""


@dataclass(frozen=True, slots=True)
class Mount:
    """The file system of a folder: its kind, where it is mounted, and how."""

    kind: str
    point: str
    options: tuple[str, ...] = ()

    @property
    def is_shared(self) -> bool:
        """Whether other machines may see it, too."""
        return self.kind.removeprefix("fuse.").startswith((*SHARED, "sshfs"))

    @property
    def locks_locally(self) -> bool:
        """Whether a lock is not seen by other machines."""
        return self.is_shared and bool(set(self.options) & set(LOCAL_LOCKS))


def mount_of(folder: Path) -> Mount:
    """The file system of an existing folder."""
    import psutil

    real = folder.resolve()
    around = [p for p in psutil.disk_partitions(all=True) if real.is_relative_to(p.mountpoint)]
    if not around:
        return Mount("unknown", "/")
    inner = max(around, key=lambda p: len(p.mountpoint))  # of equal ones the last to be mounted would hide the others
    return Mount(inner.fstype, inner.mountpoint, tuple(inner.opts.split(",")))


def check_out(situation: Situation) -> Iterator[Finding]:
    """The folder of results."""
    folder = existing(situation.out)
    checked = f"out {situation.out}"
    yield from judge_space(checked, folder, FREE_GB, "Free space, or choose another `out`.")
    yield judge_mount(checked, mount_of(folder), situation.profile.uses_slurm)
    yield from try_folder(checked, folder)


def check_scratch(situation: Situation) -> Iterator[Finding]:
    """The folder of temporary files."""
    folder = Path(tempfile.gettempdir())
    do = "Free space there, or `export TMPDIR=` a folder on a larger disk."
    yield from judge_space(f"scratch {folder}", folder, SCRATCH_GB, do)


def judge_space(checked: str, folder: Path, needed_gb: float, do: str) -> Iterator[Finding]:
    """Bytes and files that are still free for us."""
    told = os.statvfs(folder)
    free = told.f_bavail * told.f_frsize / 1e9
    found = f"{free:.1f} GB of {told.f_blocks * told.f_frsize / 1e9:.1f} free"
    if free < needed_gb:
        yield problem(f"space at {checked}", f"{found}, needed {needed_gb:g} at least", do)
    else:
        yield ok(f"space at {checked}", found)
    if told.f_files and told.f_favail < FREE_FILES:  # file systems that do not count files say 0
        found = f"{told.f_favail} more may be made (inodes), a run makes some thousand"
        yield problem(f"files at {checked}", found, "Delete files you do not need, or choose another file system.")


def judge_mount(checked: str, mount: Mount, uses_slurm: bool) -> Finding:
    """Whether the kind of file system suits a folder of results."""
    found = f"{mount.kind}, mounted at {mount.point}"
    checked = f"file system of {checked}"
    if mount.kind in IN_MEMORY:
        return note(checked, f"{found}: in memory, gone when the machine stops", "Choose an `out` on a disk.")
    if mount.locks_locally:
        do = "Never start two runs with one `out` from different machines: samtrack could not tell."
        return note(checked, f"{found}: locks hold on this machine only ({', '.join(mount.options)})", do)
    if uses_slurm and not mount.is_shared:
        do = "Choose an `out` on the cluster's shared file system, or check with `srun ls` that the nodes see this one."
        return note(checked, f"{found}: looks local, and jobs run on other nodes", do)
    return ok(checked, found + (", shared" if mount.is_shared else ", local"))


def try_folder(checked: str, folder: Path) -> Iterator[Finding]:
    """Locks, renaming and times, tried with files that are removed again."""
    try:
        with trial_folder(folder) as trial:
            locks, renames, ahead = fault_of_locks(trial), fault_of_renames(trial), clock_difference_s(trial)
    except OSError as error:
        found = f"{folder} cannot be written: {error.strerror}"
        yield problem(f"writing to {checked}", found, "Choose another `out`, or change its permissions.")
        return
    if locks:
        do = "Never start two runs with one `out`; on Lustre ask for the mount option flock; or choose another `out`."
        yield problem(f"locks at {checked}", locks, do)
    if renames:
        yield problem(
            f"renaming at {checked}", renames, "Choose an `out` on another file system: killed jobs would show."
        )
    if abs(ahead) > CLOCK_S:
        found = f"its clock is {ahead:+.1f} s from this machine's"
        yield note(f"clock of {checked}", found, "Ask for synchronised clocks (NTP): finished work may be done again.")
    if not (locks or renames):
        yield ok(f"writing to {checked}", "works, with locks and whole files under their names")
