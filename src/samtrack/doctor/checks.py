"""All checks one after the other, none of which can stop or hang the rest."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samtrack.config import Config
from samtrack.doctor import (
    cluster,
    configuration,
    disk,
    gpu,
    jobs,
    machine,
    memory,
    movie,
    software,
    surroundings,
    versions,
    weights,
)
from samtrack.doctor.finding import Finding, problem
from samtrack.doctor.profile import Profile, check_profile, read_profile
from samtrack.doctor.situation import Situation
from samtrack.errors import SamtrackError

LIMIT_S = 60.0
"""Seconds that a check may take. On a sound machine all of them together take a few."""

WEIGHTS_LIMIT_S = 600.0
"""Seconds for summing weights: the largest known are 3.4 GB, read from a file server."""

SLURM_LIMIT_S = 240.0
"""Seconds for asking Slurm about every kind of job: a dozen questions, each with a limit of its own."""

MOVIE_LIMIT_S = 300.0
"""Seconds for opening the movies: folders of 10^5 files on a file server are listed in a minute."""


@dataclass(frozen=True, slots=True)
class Check:
    """A function that looks at one thing, and how long it may take."""

    topic: str
    run: Callable[[Situation], Iterable[Finding]]
    limit_s: float = LIMIT_S


CHECKS: tuple[Check, ...] = (
    Check("python", versions.check_python),
    Check("python", versions.check_packages),
    Check("python", versions.check_commands),
    Check("gpu", gpu.check_gpu, gpu.PROBE_S * 2 + LIMIT_S),
    Check("cpu", machine.check_cores),
    Check("cpu", machine.check_threads),
    Check("memory", memory.check_memory),
    Check("limits", machine.check_limits),
    Check("disk", disk.check_out),
    Check("disk", disk.check_scratch),
    Check("weights", weights.check_weights, WEIGHTS_LIMIT_S),
    Check("weights", weights.check_cache),
    Check("surroundings", surroundings.check_locale),
    Check("surroundings", surroundings.check_umask),
    Check("surroundings", surroundings.check_temporary_folder),
    Check("surroundings", surroundings.check_caches),
    Check("software", software.check_snakemake),
    Check("software", software.check_plugin),
    Check("software", software.check_deployment),
    Check("profile", check_profile),
    Check("slurm", cluster.check_slurm),
    Check("slurm", cluster.check_status_command),
    Check("slurm", jobs.check_jobs, SLURM_LIMIT_S),
    Check("movie", movie.check_movies, MOVIE_LIMIT_S),
)


def examine(config: Path | None, profiles: Sequence[str] = (), checks: Sequence[Check] = CHECKS) -> Iterator[Finding]:
    """Findings as they come. Where the configuration or the profile cannot be read, the defaults are looked at."""
    loaded, findings = _guarded("config", lambda: configuration.load(config), MOVIE_LIMIT_S)
    yield from findings
    profile, findings = _guarded("profile", lambda: read_profile(profiles), LIMIT_S)
    yield from findings
    situation = Situation(
        config=loaded if loaded is not None else Config(),
        path=config if loaded is not None else None,
        profile=profile if profile is not None else Profile(),
    )
    for check in checks:
        run = check.run
        _, findings = _guarded(check.topic, lambda run=run: (None, run(situation)), check.limit_s)  # type: ignore[misc]
        yield from findings


def _guarded(topic: str, run: Callable[[], tuple[Any, Iterable[Finding]]], limit_s: float) -> tuple[Any, list[Finding]]:
    """What a function gives and finds, or a finding that says why it did not. It is left behind if it takes too long."""
    given: list[Any] = []
    findings: list[Finding] = []

    def work() -> None:
        try:
            result, found = run()
            given.append(result)
            for finding in found:
                findings.append(finding)
        except SamtrackError as error:
            findings.append(_fault("could not be looked at", str(error), "Do what it says."))
        except Exception as error:  # noqa: BLE001 - the one place where it is right: a broken check must not hide the rest
            findings.append(_fault("the check itself failed", f"{type(error).__name__}: {error}", REPORT_IT))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    thread.join(limit_s)
    told = list(findings)
    if thread.is_alive():
        told.append(_fault("took too long", f"gave no answer within {limit_s:g} s", LOOK_AT_DISKS))
    return given[0] if given else None, [replace(finding, topic=topic) for finding in told]


REPORT_IT = "Everything else was still checked; report this line as a fault of samtrack."
LOOK_AT_DISKS = "A file server or a command does not answer: try `df` and `ls` on the folders concerned."


def _fault(what: str, found: str, do: str) -> Finding:
    return problem(what, " ".join(found.split()), do)
