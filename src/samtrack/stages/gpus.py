"""A GPU of its own for each job of a machine with several: who comes takes the first that nobody has.

Slurm does that itself. Elsewhere a job locks a file per GPU for as long as it lives, however it ends; nothing is left to
clean up. Snakemake keeps the number of such jobs to that of the GPUs (`profiles/gpu-workstation`).
"""

from __future__ import annotations

import fcntl
import os
import tempfile
from pathlib import Path

SCHEDULED = ("SLURM_JOB_ID", "LSB_JOBID", "PBS_JOBID")
"""Environment variables that say that somebody else gives out GPUs."""


def free_gpu(asked: str, count: int | None = None, folder: Path | None = None) -> str:
    """The device to ask for in place of ``auto``, where several GPUs are seen: one that no other job of this user has.

    ``count``: GPUs seen (None: those that torch sees); ``folder``: of the locks (None: one of this user on this machine).
    Where all are taken, jobs share: this one goes to the GPU that its number picks.
    """
    if asked != "auto" or any(name in os.environ for name in SCHEDULED):
        return asked
    count = _seen() if count is None else count
    if count < 2:
        return asked
    folder = Path(tempfile.gettempdir(), f"samtrack-gpus-{os.getuid()}") if folder is None else folder
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    names = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
    names = names if len(names) == count else [str(i) for i in range(count)]
    own = next((i for i, name in enumerate(names) if _locked(folder / f"{name}.lock")), os.getpid() % count)
    return f"cuda:{own}"


def _locked(path: Path) -> bool:
    """Whether this process could take a lock; it then holds it until it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return False
    return True


def _seen() -> int:
    import torch

    return int(torch.cuda.device_count())
