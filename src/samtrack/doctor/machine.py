"""Processor cores, threads, and what the shell allows a process."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from samtrack.doctor.finding import Finding, note, ok

if TYPE_CHECKING:
    from samtrack.doctor.situation import Situation
    from samtrack.io.cgroups import Cgroups

THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")
"""Environment variables that tell numerical libraries how many threads to start."""

OPEN_FILES = 256
"""Files that a job may have open at once, at most: stores of several blocks, some files of each."""


def allowed_cores(cgroups: Cgroups) -> tuple[int, list[str]]:
    """Cores that this process may use, and what limits them."""
    n_cores, reasons = os.cpu_count() or 1, []
    if hasattr(os, "sched_getaffinity"):
        n_bound = len(os.sched_getaffinity(0))
        if n_bound < n_cores:
            reasons.append(f"bound to {n_bound} of them")
            n_cores = n_bound
    quota = cgroups.cpu_limit()
    if quota is not None and quota < n_cores:
        reasons.append(f"a control group gives the time of {quota:g}")
        n_cores = max(1, math.floor(quota))
    return n_cores, reasons


def check_cores(situation: Situation) -> Iterator[Finding]:
    """How many there are, how many this process may use, and whether a job asks for more."""
    n_cores, reasons = allowed_cores(situation.cgroups)
    found = f"{os.cpu_count()}" + "".join(f", {reason}" for reason in reasons)
    asked, uses_slurm = situation.config.resources.workers, situation.profile.uses_slurm
    if reasons and not uses_slurm:
        yield note("cores", found, f"Give `--cores {n_cores}`: more would only wait for each other.")
    else:
        yield ok("cores", found)
    if asked > n_cores and not uses_slurm:
        found = f"{asked}, of {n_cores} cores that may be used"
        yield note("resources.workers", found, f"Set resources.workers: {n_cores}.")


def check_threads(situation: Situation, variables: Mapping[str, str] = os.environ) -> Iterator[Finding]:
    """Variables that set the number of threads, against what a job asks for."""
    asked = situation.config.resources.workers
    found = {name: variables[name] for name in THREAD_VARIABLES if variables.get(name)}
    told = ", ".join(f"{name}={value}" for name, value in found.items())
    unfit = [name for name, value in found.items() if not value.isdigit() or int(value) > asked]
    if unfit:
        do = f"`unset {' '.join(unfit)}`: jobs start resources.workers ({asked}) threads where it helps."
        yield note("threads", f"{told}: more than a job is given, or no number", do)
    else:
        yield ok("threads", told or "no variable sets them; networks use resources.workers")


def check_limits(situation: Situation) -> Iterator[Finding]:
    """Limits of the shell that break a run half way: open files, file size, processor time, addresses."""
    n_files = _soft(resource.RLIMIT_NOFILE)
    if n_files is not None and n_files < OPEN_FILES:
        yield note("open files", f"at most {n_files}", f"`ulimit -n {OPEN_FILES * 4}`, or fewer jobs at once.")
    size, seconds = _soft(resource.RLIMIT_FSIZE), _soft(resource.RLIMIT_CPU)
    addresses = _soft(resource.RLIMIT_AS)
    if size is not None:
        yield note("file size", f"at most {size / 1e9:.3g} GB a file", "`ulimit -f unlimited`, as far as you may.")
    if seconds is not None:
        found = f"at most {seconds} s a process, as on many login nodes"
        yield note("processor time", found, "Start Snakemake elsewhere, or inside a job.")
    if addresses is not None:
        found = f"at most {addresses / 1e9:.3g} GB of addresses; files that are mapped count"
        yield note("address space", found, "`ulimit -v unlimited`, as far as you may.")
    if size is seconds is addresses is None:
        yield ok(
            "limits of the shell", f"{n_files or 'any number of'} open files, no limit on time, file size, addresses"
        )


def _soft(limit: int) -> int | None:
    """A limit as it is now; None for unlimited."""
    soft = resource.getrlimit(limit)[0]
    return None if soft in (resource.RLIM_INFINITY, -1) else soft
