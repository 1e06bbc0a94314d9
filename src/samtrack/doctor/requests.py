"""What jobs would ask Slurm for, against what its partitions have."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from samtrack.doctor.amounts import megabytes_of, minutes_of, number_of
from samtrack.doctor.cluster import Partition, partitions
from samtrack.doctor.command import ask
from samtrack.doctor.finding import Finding, Verdict, note, ok, problem
from samtrack.doctor.situation import Situation
from samtrack.stages.workflow import workflow_folder

OTHERS = "all other rules"
"""In place of a rule's name: what jobs ask for where nothing else is said."""

MOST_TRIALS = 12
"""Different requests that Slurm is asked about; more would only repeat what these say."""

TRIAL_S = 15.0
"""Seconds for Slurm to say when a job could start: it goes through the queue for that."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a job of a rule asks for, at its first attempt and at its last; None where only Snakemake can tell."""

    rule: str
    partition: str
    account: str
    qos: str
    minutes: tuple[float | None, float | None]
    memory_mb: tuple[float | None, float | None]
    gpus: int
    inherited: frozenset[str] = frozenset()
    """Keys whose values are those of the default resources, which are judged once for all rules."""

    @property
    def command(self) -> tuple[str, ...]:
        """The command that asks Slurm whether it would take such a job; none is submitted."""
        given = {"partition": self.partition, "account": self.account, "qos": self.qos}
        options = [f"--{name}={value}" for name, value in given.items() if value]
        options += [f"--time={round(self.minutes[0])}"] if self.minutes[0] else []
        options += [f"--mem={round(self.memory_mb[0])}"] if self.memory_mb[0] else []
        options += [f"--gres=gpu:{self.gpus}"] if self.gpus else []
        return ("sbatch", "--test-only", *options, "--wrap=true")


def rules_of(folder: Path) -> dict[str, frozenset[str]]:
    """Every rule of the workflow, and the resources that it asks for itself, so that defaults do not count for it."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in sorted((folder / "workflow" / "rules").glob("*.smk")))
    found = {}
    for part in re.split(r"^(?=rule \w+:)", text, flags=re.MULTILINE)[1:]:
        block = re.search(r"^    resources:\n((?:        .*\n)*)", part, flags=re.MULTILINE)
        keys = re.findall(r"^        (\w+)=", block[1], flags=re.MULTILINE) if block else []
        found[part[len("rule ") : part.index(":")]] = frozenset(keys)
    return found


def requests_of(situation: Situation, rules: Mapping[str, frozenset[str]]) -> list[Request]:
    """One for each rule that the profile names or that asks a network, and one for all others."""
    profile = situation.profile
    special, defaults = profile.rule_resources, profile.default_resources
    others = [own for rule, own in rules.items() if rule not in special]
    used = {key: value for key, value in defaults.items() if not others or not all(key in own for own in others)}
    found = [_request(OTHERS, used, profile.attempts, frozenset())]
    for rule in {**situation.stages_of_networks, **special}:
        own = rules.get(rule, frozenset())
        inherited = {
            key: value for key, value in defaults.items() if key not in own and key not in special.get(rule, {})
        }
        of_network = _of_network(situation, rule)
        asked = {**inherited, **of_network, **special.get(rule, {})}
        found.append(_request(rule, asked, profile.attempts, frozenset(inherited) - set(of_network)))
    return found


def _of_network(situation: Situation, rule: str) -> Mapping[str, Any]:
    """What the workflow asks for where a rule asks a network."""
    network = situation.stages_of_networks.get(rule)
    if network is None:
        return {}
    return {"mem_mb": situation.job_memory_gb * 1000, "gpu": int(rule in situation.stages_on_gpus)}


def _request(rule: str, values: Mapping[str, Any], attempts: int, inherited: frozenset[str]) -> Request:
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
        inherited,
    )


def check_requests(situation: Situation) -> Iterator[Finding]:
    """Every request against its partition; then Slurm itself is asked, which also knows accounts and qualities."""
    if not situation.profile.uses_slurm:
        return
    known, fault = partitions()
    if fault:
        return  # said by the check of Slurm
    requests = requests_of(situation, rules_of(workflow_folder()))
    fit: dict[tuple[str, ...], str] = {}
    for request in requests:
        findings = list(judge(request, known, requests[0]))
        yield from findings
        if not any(finding.verdict is Verdict.PROBLEM for finding in findings):
            fit.setdefault(request.command, request.rule)
    for command, rule in list(fit.items())[:MOST_TRIALS]:
        answer = ask(*command, timeout_s=TRIAL_S)
        if answer.is_good:
            yield ok(f"job of {rule}", f"Slurm would take it: {' '.join(command[2:-1]) or 'with its own defaults'}")
        else:
            yield problem(
                f"job of {rule}", f"Slurm would not take it: {answer.complaint}", f"Try `{' '.join(command)}`."
            )


def judge(request: Request, known: Mapping[str, Partition], others: Request) -> Iterator[Finding]:
    """What speaks against a request. ``others`` is the one of the default resources, judged for itself."""
    defaults = [partition for partition in known.values() if partition.is_default]
    partition = known.get(request.partition) or (defaults[0] if defaults and not request.partition else None)
    where = f"set-resources: {request.rule}" if request.rule != OTHERS else "default-resources"
    checked = f"job of {request.rule}"
    if partition is None:
        asked = (
            f"partition {request.partition} does not exist"
            if request.partition
            else "no partition, none is the default"
        )
        yield problem(checked, asked, f"Set slurm_partition in {where}: {' or '.join(known)}.")
        return
    if not partition.is_up or not partition.n_usable:
        found = f"partition {partition.name} has no node that takes jobs now"
        yield problem(checked, found, f"Wait, or set slurm_partition in {where}; `sinfo -R` says why.")
    if request.gpus > partition.gpus:
        fit = [other.name for other in known.values() if other.gpus >= request.gpus]
        found = f"asks for {request.gpus} GPU, partition {partition.name} has {partition.gpus} a node"
        do = (
            f"Set slurm_partition in {where}: {' or '.join(fit)}."
            if fit
            else "Set device: cpu of the network's section."
        )
        yield problem(checked, found, do)
    said = request.inherited if request.partition == others.partition else frozenset()
    if "runtime" not in said:
        most = (partition.limit_min, f"{partition.name} allows", "min")
        yield from _judge_amount(checked, f"runtime in {where}", request.minutes, most)
    if "mem_mb" not in said:
        most = (partition.memory_mb, f"nodes of {partition.name} have", "MB")
        yield from _judge_amount(checked, f"mem_mb in {where}", request.memory_mb, most)


def _judge_amount(
    checked: str, setting: str, asked: tuple[float | None, float | None], most: tuple[float, str, str]
) -> Iterator[Finding]:
    """An amount at the first attempt (a problem) and at the last one (a note) against the most there is."""
    first, last = asked
    limit, told, unit = most
    key = setting.split()[0]
    remedy = "resources.memory_gb" if key == "mem_mb" else "blocks.frames"
    if first is not None and first > limit:
        found = f"{key} is {first:g}, {told} {limit:g} {unit}"
        yield problem(checked, found, f"Lower {setting} (and {remedy}), or choose another partition.")
    elif last is not None and last > limit:
        found = f"{key} is {last:g} at the last attempt, {told} {limit:g} {unit}"
        yield note(checked, found, f"Cut {setting}, as in {key}: min({limit:.0f}, …).")
