"""What each rule's jobs would ask Slurm for: by the configuration, and what the profile says in its place."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from samtrack.doctor.amounts import megabytes_of, minutes_of, number_of
from samtrack.doctor.profile import SAID_BY_RULES
from samtrack.doctor.situation import Situation
from samtrack.stages.needs import Needs

TRAINING = "train_sammed3d"
"""The rule that is no part of a tracking run: looked at only where the profile names it."""

Pair = tuple[float | None, float | None]
"""An amount at the first attempt and at the last; None where only Snakemake can tell."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a job of some rules asks for."""

    rules: tuple[str, ...]
    partition: str
    account: str
    qos: str
    threads: int
    minutes: Pair
    memory_mb: Pair
    gpus: int
    own: frozenset[str] = frozenset()
    """Keys that the profile's set-resources say."""
    group: str = ""
    """Group of Snakemake: many jobs in one of Slurm's."""

    @property
    def told(self) -> str:
        """Names of its rules."""
        return ", ".join(self.rules) + (f" (group {self.group})" if self.group else "")

    @property
    def command(self) -> tuple[str, ...]:
        """The command that asks Slurm whether it would take such a job; none is submitted."""
        given = {"partition": self.partition, "account": self.account, "qos": self.qos}
        options = [f"--{name}={value}" for name, value in given.items() if value]
        options += [f"--cpus-per-task={self.threads}"] if self.threads else []
        options += [f"--time={round(self.minutes[0])}"] if self.minutes[0] else []
        options += [f"--mem={round(self.memory_mb[0])}"] if self.memory_mb[0] else []
        options += [f"--gres=gpu:{self.gpus}"] if self.gpus else []
        return ("sbatch", "--test-only", *options, "--wrap=true")


def rules_in(folder: Path) -> list[str]:
    """Names of all rules of the workflow."""
    texts = (path.read_text(encoding="utf-8") for path in sorted((folder / "workflow" / "rules").glob("*.smk")))
    return [name for text in texts for name in re.findall(r"^rule (\w+):", text, flags=re.MULTILINE)]


def requests_of(situation: Situation) -> list[Request]:
    """One for all rules that ask for the same, in the order of the rules."""
    found: dict[Request, list[str]] = {}
    wanted: list[tuple[str, tuple[Needs, Needs] | None]] = list(situation.asked.items())
    if TRAINING in situation.profile.rule_resources:
        wanted.append((TRAINING, None))
    for rule, asked in wanted:
        found.setdefault(_request(situation, rule, asked), []).append(rule)
    return [replace(request, rules=tuple(rules)) for request, rules in found.items()]


def _request(situation: Situation, rule: str, asked: tuple[Needs, Needs] | None) -> Request:
    """What a job of one rule asks for, its name left out."""
    profile = situation.profile
    own = profile.rule_resources.get(rule, {})
    values = {key: value for key, value in profile.default_resources.items() if key not in SAID_BY_RULES} | dict(own)
    threads = asked[0].threads if asked else situation.config.train3d.workers + 1
    gpu = asked[0].gpu if asked else int(situation.config.train3d.device != "cpu")
    gpus = number_of(values.get("gpu", gpu)) or ("gpu" in str(values.get("gres", "")))
    memory = values.get("mem_mb", values.get("mem"))
    request = Request(
        (),
        str(values.get("slurm_partition", values.get("partition", ""))),
        str(values.get("slurm_account", "")),
        str(values.get("qos", values.get("slurm_qos", ""))),
        int(number_of(values.get("cpus_per_task")) or profile.threads_of(rule) or threads),
        _pair(
            values.get("runtime"), minutes_of, asked and (asked[0].runtime_min, asked[1].runtime_min), profile.attempts
        ),
        _pair(memory, megabytes_of, asked and (asked[0].mem_mb, asked[1].mem_mb), profile.attempts),
        int(gpus),
        frozenset(own),
    )
    return _grouped(situation, rule, request)


def _pair(said: Any, read: Callable[[Any, int], float | None], asked: Pair | None, attempts: int) -> Pair:
    """What the profile says, else what the rule asks for."""
    if said is not None:
        return read(said, 1), read(said, attempts)
    return asked or (None, None)


def _grouped(situation: Situation, rule: str, one: Request) -> Request:
    """The request of a group of jobs: side by side as the profile's cores allow, then one such row after the other."""
    group, most = situation.profile.group_of(rule)
    n_jobs = min(most, _n_blocks(situation, most))
    if n_jobs < 2:
        return one
    wide = min(n_jobs, max(1, (situation.cores or n_jobs) // one.threads))
    rows = math.ceil(n_jobs / wide)
    return replace(
        one,
        threads=wide * one.threads,
        minutes=_times(one.minutes, rows),
        memory_mb=_times(one.memory_mb, wide),
        gpus=wide * one.gpus,
        group=f"{group}={most}",
    )


def _times(pair: Pair, factor: int) -> Pair:
    first, last = pair
    return None if first is None else first * factor, None if last is None else last * factor


def _n_blocks(situation: Situation, otherwise: int) -> int:
    """Blocks of all movies; another number where the movies are not known."""
    config = situation.planned
    frames = config.blocks.frames
    if frames == "auto" or not config.sequences:
        return otherwise
    return sum(math.ceil((sequence.frames or 0) / frames) for sequence in config.sequences)


def setting_of(request: Request) -> str:
    """Where the profile says what jobs of these rules ask for."""
    return f"set-resources: {' and '.join(request.rules)}" if len(request.rules) < 4 else "set-resources of these rules"


def partition_set_in(request: Request) -> str:
    """Where the profile names the partition of these rules."""
    is_own = bool({"slurm_partition", "partition"} & request.own) or request.gpus > 0
    return setting_of(request) if is_own else "default-resources"
