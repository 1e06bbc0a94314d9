"""Profiles of Snakemake: found and joined as Snakemake does it, and what they say about jobs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from samtrack.config.load import read_yaml
from samtrack.doctor.amounts import megabytes_of, number_of
from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.errors import SamtrackError
from samtrack.stages.workflow import workflow_folder

if TYPE_CHECKING:
    from samtrack.doctor.situation import Situation

FILE_NAME = re.compile(r"(?:profile|config)(?:\.v(\d+)\+)?\.yaml")
"""Names of the file in a profile's folder; the number is the oldest major version of Snakemake that it is for."""

SNAKEMAKE_MAJOR = 9
"""The major version of Snakemake that samtrack runs on."""

LATENCY_S = 30
"""Seconds after which a file written on one node is surely seen on another: NFS keeps what it knows for up to 30 to 60."""

SAID_BY_RULES = ("mem", "mem_mb", "runtime", "gpu")
"""Resources that all rules ask for themselves (stages/needs.py)."""

Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Profile:
    """The joined keys of all profile files, and what got lost, since a later file replaces a key as a whole."""

    files: tuple[Path, ...] = ()
    keys: Raw = field(default_factory=dict)
    lost: tuple[str, ...] = ()

    @property
    def uses_slurm(self) -> bool:
        """Whether jobs are submitted to Slurm."""
        return str(self.keys.get("executor", "")) == "slurm"

    @property
    def deployment(self) -> frozenset[str]:
        """How jobs get their software: conda, apptainer, env-modules."""
        asked = next(
            (self.keys[k] for k in ("software-deployment-method", "deployment-method", "sdm") if k in self.keys), ()
        )
        return frozenset(re.split(r"[\s,]+", asked) if isinstance(asked, str) else asked)

    @property
    def cores(self) -> int | None:
        """Cores that jobs on this machine share, if the profile says."""
        number = number_of(self.keys.get("cores", "all"))
        return None if number is None else int(number)

    @property
    def memory_mb(self) -> float | None:
        """Memory that jobs on this machine share, if the profile says."""
        shared = _pairs(self.keys.get("resources", {}))
        return megabytes_of(shared["mem_mb"]) if "mem_mb" in shared else None

    @property
    def gpus(self) -> int | None:
        """GPUs that jobs on this machine share, if the profile says."""
        number = number_of(_pairs(self.keys.get("resources", {})).get("gpu"))
        return None if number is None else int(number)

    def threads_of(self, rule: str) -> int | None:
        """Threads that the profile gives to a rule's jobs, if it says."""
        number = number_of(_pairs(self.keys.get("set-threads", {})).get(rule))
        return None if number is None else int(number)

    def group_of(self, rule: str) -> tuple[str, int]:
        """The group that the jobs of a rule go into, and how many of them make one job; no name and 1 without."""
        group = str(_pairs(self.keys.get("groups", {})).get(rule, ""))
        return group, int(number_of(_pairs(self.keys.get("group-components", {})).get(group, 1)) or 1)

    @property
    def attempts(self) -> int:
        """How often a job is tried."""
        return 1 + int(number_of(self.keys.get("retries", self.keys.get("restart-times", 0))) or 0)

    @property
    def default_resources(self) -> Raw:
        """What a job asks for where nothing else is said."""
        return _pairs(self.keys.get("default-resources", {}))

    @property
    def rule_resources(self) -> dict[str, Raw]:
        """What jobs of single rules ask for."""
        given = self.keys.get("set-resources", {})
        if isinstance(given, Mapping):
            return {str(rule): _pairs(asked) for rule, asked in given.items()}
        rules: dict[str, dict[str, Any]] = {}
        for line in given:
            rule, _, pair = str(line).partition(":")
            rules.setdefault(rule, {}).update(_pairs([pair]))
        return dict(rules)


def _pairs(given: Any) -> Raw:
    """Resources as a mapping, whether they are written as one or as a list of ``name=value``."""
    if isinstance(given, Mapping):
        return given
    lines = [given] if isinstance(given, str) else given or []
    return {name: value for name, _, value in (str(line).partition("=") for line in lines)}


def read_profile(names: Sequence[str]) -> tuple[Profile, list[Finding]]:
    """All profiles of these names, else the one of $SNAKEMAKE_PROFILE, and the workflow's own on top, as Snakemake does."""
    usual = os.environ.get("SNAKEMAKE_PROFILE", "")
    wanted = [*(names or ([usual] if usual else [])), str(_default_profile())]
    files: list[Path] = []
    findings: list[Finding] = []
    keys: dict[str, Any] = {}
    lost: list[str] = []
    for name in wanted:
        path = find_profile(name)
        if path is None and name in (*names, usual):
            here = ", ".join(map(str, _search_folders()))
            ours = workflow_folder() / "profiles" / name
            example = ours if ours.exists() else "profiles/slurm"
            do = f"Give the folder that holds its config.yaml, as in --profile {example}."
            findings.append(problem(f"profile {name}", f"no such folder or file, neither as a path nor in {here}", do))
        if path is None:
            continue
        try:
            new = {key.replace("_", "-"): value for key, value in read_yaml(path).items()}
        except SamtrackError as error:
            findings.append(problem(f"profile {name}", str(error), "Correct the file."))
            continue
        for key, gone in ((key, sorted(_inner(keys.get(key)) - _inner(new[key]))) for key in new):
            lost += [f"{path} sets {key} without {', '.join(gone)}"] if gone else []
        keys |= new
        files.append(path)
    return Profile(tuple(files), keys, tuple(lost)), findings


def _inner(value: Any) -> set[str]:
    """Names within a key that holds several settings."""
    return set(map(str, value)) if isinstance(value, Mapping) else set()


def _default_profile() -> Path:
    """The workflow's own profile, that Snakemake picks up by itself."""
    here = Path("profiles/default")
    return here if here.exists() else workflow_folder() / here


def _search_folders() -> list[Path]:
    home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    site = Path((os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").split(os.pathsep)[0])
    return [Path.cwd(), home / "snakemake", site / "snakemake"]


def find_profile(name: str) -> Path | None:
    """The file of a profile: named itself, or in its folder, or in a folder of that name where Snakemake looks."""
    given = Path(name)
    folders = [given] if given.exists() else [folder / name for folder in _search_folders()]
    for folder in folders:
        if folder.is_file():
            return folder
        matches = [(m, path) for path in _entries(folder) if (m := FILE_NAME.fullmatch(path.name))]
        fit = [(int(m[1] or 0), path) for m, path in matches if int(m[1] or 0) <= SNAKEMAKE_MAJOR]
        if fit:
            return max(fit)[1]
    return None


def _entries(folder: Path) -> list[Path]:
    return sorted(folder.iterdir()) if folder.is_dir() else []


def check_profile(situation: Situation) -> Iterator[Finding]:
    """Which files count, what got lost between them, and settings that are known to end badly."""
    profile = situation.profile
    yield ok("files", ", ".join(map(str, profile.files)) or "none")
    for entry in profile.lost:
        do = "Repeat them there: a later profile replaces a key of an earlier one as a whole."
        yield note("joined profiles", f"{entry}, which an earlier profile had: lost", do)
    if profile.uses_slurm:
        yield from _check_for_slurm(profile)
    everything = {"default-resources": profile.default_resources, **profile.rule_resources}
    for rule, asked in everything.items():
        if "gpus" in asked:
            found = f"gpus={asked['gpus']}: the plugin does not pass it on, and the job fails"
            yield problem(rule, found, "Write gpu: 1 in place of gpus: 1.")
        if re.search(r"--(gres|gpus)", str(asked.get("slurm_extra", ""))):
            found = f"slurm_extra={asked['slurm_extra']}: the plugin refuses GPUs there"
            yield problem(rule, found, "Write gpu: 1, or gres: gpu:1.")


def _check_for_slurm(profile: Profile) -> Iterator[Finding]:
    if not number_of(profile.keys.get("jobs")) and profile.keys.get("jobs") != "unlimited":
        yield problem("jobs", "not set: Snakemake will not start with executor slurm", "Add jobs: 100 to the profile.")
    if (number_of(profile.keys.get("latency-wait", 5)) or 0) < LATENCY_S:
        found = (
            f"{profile.keys.get('latency-wait', 5)} s; on a file server, files show up later than that on other nodes"
        )
        yield note("latency-wait", found, "Set latency-wait: 60.")
    if profile.attempts == 1:
        yield note("retries", "0: a job that is lost with its node ends the run", "Set retries: 1 or more.")
    if told := [key for key in SAID_BY_RULES if key in profile.default_resources]:
        found = f"{', '.join(told)}: counts for no job, since every rule asks for itself"
        yield note("default-resources", found, "Leave it out, or say it for single rules in set-resources.")
