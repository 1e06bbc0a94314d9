"""What jobs would ask Slurm for, against what its partitions have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from samtrack.doctor.amounts import megabytes_of, minutes_of, number_of
from samtrack.doctor.cluster import Partition, partitions
from samtrack.doctor.command import ask
from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation

OTHERS = "all other rules"
"""In place of a rule's name: what jobs ask for where nothing else is said."""

MOST_TRIALS = 12
"""Different requests that Slurm is asked about; more would only repeat what these say."""

TRIAL_S = 15.0
"""Seconds for Slurm to say when a job could start: it goes through the queue for that."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a job of some rules asks for, at its first attempt and at its last; None where only Snakemake can tell."""

    rule: str
    partition: str
    account: str
    qos: str
    minutes: tuple[float | None, float | None]
    memory_mb: tuple[float | None, float | None]
    gpus: int

    @property
    def command(self) -> tuple[str, ...]:
        """The command that asks Slurm whether it would take such a job; none is submitted."""
        given = {"partition": self.partition, "account": self.account, "qos": self.qos}
        options = [f"--{name}={value}" for name, value in given.items() if value]
        options += [f"--time={round(self.minutes[0])}"] if self.minutes[0] else []
        options += [f"--mem={round(self.memory_mb[0])}"] if self.memory_mb[0] else []
        options += [f"--gres=gpu:{self.gpus}"] if self.gpus else []
        return ("sbatch", "--test-only", *options, "--wrap=true")


def requests_of(situation: Situation) -> list[Request]:
    """One for each rule that the profile names or that wants a GPU, and one for all others."""
    profile = situation.profile
    rules = profile.rule_resources
    on_gpus = {stage: {"gpu": 1} for stage in situation.stages_on_gpus}
    asked = {OTHERS: profile.default_resources}
    asked |= {
        rule: {**profile.default_resources, **on_gpus.get(rule, {}), **rules.get(rule, {})}
        for rule in {**on_gpus, **rules}
    }
    return [_request(rule, values, profile.attempts) for rule, values in asked.items()]


def _request(rule: str, values: Mapping[str, Any], attempts: int) -> Request:
    memory = values.get("mem_mb", values.get("mem"))
    gpus = number_of(values.get("gpu", 0)) or ("gpu" in str(values.get("gres", "")))
    return Request(
        rule,
        str(values.get("slurm_partition", values.get("partition", ""))),
        str(values.get("slurm_account", "")),
        str(values.get("qos", values.get("slurm_qos", ""))),
        (minutes_of(values.get("runtime"), 1), minutes_of(values.get("runtime"), attempts)),
        (megabytes_of(memory, 1), megabytes_of(memory, attempts)),
        int(gpus),
    )


def check_requests(situation: Situation) -> Iterator[Finding]:
    """Every request against its partition; then Slurm itself is asked, which also knows accounts and qualities."""
    if not situation.profile.uses_slurm:
        return
    known, fault = partitions()
    if fault:
        return  # said by the check of Slurm
    n_fit = 0
    fit: dict[tuple[str, ...], str] = {}
    for request in requests_of(situation):
        findings = list(judge(request, known, situation))
        yield from findings
        if not findings:
            n_fit += 1
            fit.setdefault(request.command, request.rule)
    yield ok("requests", f"{n_fit} kinds of jobs fit their partitions in time, memory and GPUs")
    for command, rule in list(fit.items())[:MOST_TRIALS]:
        answer = ask(*command, timeout_s=TRIAL_S)
        if not answer.is_good:
            yield problem(
                f"job of {rule}", f"Slurm would not take it: {answer.complaint}", f"Try `{' '.join(command)}`."
            )


def judge(request: Request, known: Mapping[str, Partition], situation: Situation) -> Iterator[Finding]:
    """What speaks against a request."""
    defaults = [partition for partition in known.values() if partition.is_default]
    partition = known.get(request.partition) or (defaults[0] if defaults and not request.partition else None)
    where = f"set-resources: {request.rule}" if request.rule != OTHERS else "default-resources"
    checked = f"job of {request.rule}"
    if partition is None:
        found = (
            f"partition {request.partition} does not exist"
            if request.partition
            else "no partition, and none is the default"
        )
        yield problem(checked, found, f"Set slurm_partition in {where}: {', '.join(known)}.")
        return
    if not partition.is_up or not partition.n_usable:
        found = f"partition {partition.name} has no node that takes jobs now"
        yield problem(checked, found, f"Wait, or set slurm_partition in {where}; `sinfo -R` says why.")
    if request.gpus > partition.gpus:
        others = [other.name for other in known.values() if other.gpus >= request.gpus]
        found = f"asks for {request.gpus} GPU, partition {partition.name} has {partition.gpus} a node"
        do = (
            f"Set slurm_partition in {where}: {' or '.join(others)}."
            if others
            else "Set sam2.device and sammed3d.device: cpu."
        )
        yield problem(checked, found, do)
    yield from _judge_amount(
        checked, where, "runtime", request.minutes, (partition.limit_min, f"{partition.name} allows", "min")
    )
    yield from _judge_amount(
        checked, where, "mem_mb", request.memory_mb, (partition.memory_mb, f"nodes of {partition.name} have", "MB")
    )
    needed = situation.job_memory_gb * 1000
    if request.rule in situation.stages_of_networks and partition.memory_mb < needed:
        found = f"may need {needed:g} MB (resources.memory_gb and its network's), a node has {partition.memory_mb}"
        yield problem(checked, found, "Lower resources.memory_gb, or choose another partition.")


def _judge_amount(
    checked: str, where: str, key: str, asked: tuple[float | None, float | None], most: tuple[float, str, str]
) -> Iterator[Finding]:
    """An amount at the first attempt (a problem) and at the last one (a note) against the most there is."""
    first, last = asked
    limit, told, unit = most
    if first is not None and first > limit:
        yield problem(
            checked, f"{key} is {first:g}, {told} {limit:g} {unit}", f"Lower {key} in {where}, or change its partition."
        )
    elif last is not None and last > limit:
        found = f"{key} is {last:g} at the last attempt, {told} {limit:g} {unit}"
        yield note(checked, found, f"Cut it in {where}, as in {key}: min({limit:.0f}, …).")
