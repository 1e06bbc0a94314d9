"""Snakemake, its plugin for Slurm, and what installs the jobs' software."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib import metadata

from samtrack.doctor.command import ask
from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation

PLUGIN = "snakemake-executor-plugin-slurm"
PLUGIN_TESTED = "2.8.0"
"""The version that runs on a real Slurm were made with."""

PLUGIN_OLDEST = "2.4.0"
"""The first with the setting slurm-status-command as the profile uses it."""

CONDA_OLDEST = (24, 7, 1)
"""Snakemake 9 refuses older ones."""

APPTAINER_OLDEST = (1, 0, 0)
"""Snakemake 9 refuses older ones."""

COMMAND_S = 30.0
"""conda takes seconds to say its version, more where its files lie on a slow server."""


def check_snakemake(situation: Situation) -> Iterator[Finding]:
    """Whether it is there; its version is one of the packages'."""
    version = version_of("snakemake")
    if version is None:
        yield problem("Snakemake", "not installed for this Python", "`pip install snakemake`")
    else:
        yield ok("Snakemake", version)


def check_plugin(situation: Situation) -> Iterator[Finding]:
    """The plugin that submits jobs, where the profile asks for it."""
    from packaging.version import Version

    version = version_of(PLUGIN)
    install = f"`pip install {PLUGIN}=={PLUGIN_TESTED}`"
    if version is None:
        if situation.profile.uses_slurm:
            yield problem(PLUGIN, "not installed, and the profile says executor: slurm", install)
        else:
            yield ok(PLUGIN, "not installed; only --profile slurm needs it")
    elif Version(version) < Version(PLUGIN_OLDEST):
        yield problem(PLUGIN, f"{version}, older than {PLUGIN_OLDEST}: does not know the profile's settings", install)
    elif version != PLUGIN_TESTED:
        yield note(
            PLUGIN, f"{version}; tested was {PLUGIN_TESTED}", f"Nothing as long as all goes well; else {install}."
        )
    else:
        yield ok(PLUGIN, f"{version}, as tested")


def version_of(package: str) -> str | None:
    """The installed version of a package; None where it is not there."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def check_deployment(situation: Situation) -> Iterator[Finding]:
    """The commands conda and apptainer: needed where the profile's jobs bring their software with them."""
    methods = situation.profile.deployment
    for method, commands, oldest in (
        ("conda", ("conda",), CONDA_OLDEST),
        ("apptainer", ("apptainer", "singularity"), APPTAINER_OLDEST),
    ):
        yield _check_command(method, commands, oldest, is_asked=method in methods)


def _check_command(method: str, commands: tuple[str, ...], oldest: tuple[int, ...], is_asked: bool) -> Finding:
    """Whether one of the commands answers and is new enough."""
    asked = "asked for by the profile" if is_asked else "not asked for"
    answers = [ask(command, "--version", timeout_s=COMMAND_S) for command in commands]
    answer = next((answer for answer in answers if answer.is_good), answers[0])
    here = next((answer for answer in answers if not answer.is_missing), answer)
    if not answer.is_good:
        found = f"{here.complaint}, {asked}"
        do = f"Install {method} or load its module, or leave software-deployment-method out of the profile."
        return problem(method, found, do) if is_asked else ok(method, found)
    version = tuple(int(part) for part in re.findall(r"\d+", answer.out)[:3])
    found = f"{answer.out.strip().splitlines()[0]}, {asked}" if answer.out.strip() else asked
    if is_asked and "singularity" not in answer.out and version < oldest:
        return problem(method, found, f"Update it to {'.'.join(map(str, oldest))} or later.")
    return ok(method, found)
