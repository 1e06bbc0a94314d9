"""What jobs would ask Slurm for, against what its partitions have; then Slurm itself is asked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from samtrack.doctor.cluster import Partition, partitions
from samtrack.doctor.command import ask
from samtrack.doctor.finding import Finding, Verdict, note, ok, problem
from samtrack.doctor.remedies import less_memory, less_time
from samtrack.doctor.requests import Request, partition_set_in, requests_of, rules_in, setting_of
from samtrack.doctor.situation import Situation
from samtrack.stages.workflow import workflow_folder

MOST_TRIALS = 12
"""Different requests that Slurm is asked about; more would only repeat what these say."""

TRIAL_S = 15.0
"""Seconds for Slurm to say when a job could start: it goes through the queue for that."""


def check_jobs(situation: Situation) -> Iterator[Finding]:
    """Every request against its partition; then Slurm itself is asked, which also knows accounts and qualities."""
    if not situation.profile.uses_slurm:
        return
    yield from check_names(situation, rules_in(workflow_folder()))
    known, fault = partitions()
    if fault:
        return  # said by the check of Slurm
    fit: dict[tuple[str, ...], list[str]] = {}
    said: set[str] = set()
    for request in requests_of(situation):
        findings = list(judge(situation, request, known))
        new = [finding for finding in findings if finding.do not in said or "slurm_partition" not in finding.do]
        said |= {finding.do for finding in findings}
        yield from new
        if not any(finding.verdict is Verdict.PROBLEM for finding in findings):
            fit.setdefault(request.command, []).append(request.told)
    for command, rules in list(fit.items())[:MOST_TRIALS]:
        answer, checked = ask(*command, timeout_s=TRIAL_S), f"job of {', '.join(rules)}"
        if answer.is_good:
            yield ok(checked, f"Slurm would take it: {' '.join(command[2:-1])}")
        else:
            yield problem(checked, f"Slurm would not take it: {answer.complaint}", f"Try `{' '.join(command)}`.")


def check_names(situation: Situation, rules: list[str]) -> Iterator[Finding]:
    """Names in set-resources, which Snakemake passes over in silence if no rule is called so."""
    for name in situation.profile.rule_resources:
        if name not in rules:
            yield note(f"set-resources: {name}", "no rule has this name", f"Correct it; rules: {', '.join(rules)}.")


def judge(situation: Situation, request: Request, known: Mapping[str, Partition]) -> Iterator[Finding]:
    """What speaks against a request."""
    defaults = [partition for partition in known.values() if partition.is_default]
    partition = known.get(request.partition) or (defaults[0] if defaults and not request.partition else None)
    where = partition_set_in(request)
    checked = f"job of {request.told}"
    if partition is None:
        asked = f"partition {request.partition} does not exist"
        asked = asked if request.partition else "no partition, none is the default"
        yield problem(checked, asked, f"Set slurm_partition in {where}: {' or '.join(known)}.")
        return
    if not partition.is_up or not partition.n_usable:
        found = f"partition {partition.name} has no node that takes jobs now"
        yield problem(checked, found, f"Wait, or set slurm_partition in {where}; `sinfo -R` says why.")
    if request.gpus > partition.gpus:
        found = f"asks for {request.gpus} GPU, partition {partition.name} has {partition.gpus} a node"
        do = _elsewhere(request, [p.name for p in known.values() if p.gpus >= request.gpus])
        yield problem(checked, found, f"{do or 'Set device: cpu of the section of the network'}.")
    if request.threads > partition.cpus > 0:
        found = f"asks for {request.threads} threads, nodes of {partition.name} have {partition.cpus}"
        lower = "resources.workers" if request.gpus else "cores in the profile"
        yield problem(checked, found, f"Set {lower}: {partition.cpus}.")
    yield from _judge_memory(situation, request, partition, known)
    yield from _judge_time(situation, request, partition, known)


def _elsewhere(request: Request, fit: list[str]) -> str:
    """The setting that sends jobs to a partition that has what they ask for."""
    return f"Set slurm_partition in {setting_of(request)}: {' or '.join(fit)}" if fit else ""


def _judge_memory(
    situation: Situation, request: Request, partition: Partition, known: Mapping[str, Partition]
) -> Iterator[Finding]:
    """Memory at the first attempt (a problem) and at the last (a note)."""
    first, last = request.memory_mb
    most, checked = partition.memory_mb, f"job of {request.told}"
    told = f"nodes of {partition.name} have {most} MB"
    if first is not None and first > most:
        own = {"mem", "mem_mb"} & request.own
        fit = [p.name for p in known.values() if p.memory_mb >= first and p.gpus >= request.gpus]
        less = [] if own or request.group else [less_memory(situation.planned, r, first, most) for r in request.rules]
        yield problem(
            checked, f"mem_mb is {first:.0f}, {told}", _remedies(request, "mem_mb", f"{most}", less, fit, bool(own))
        )
    elif last is not None and last > most:
        do = f"Set mem_mb in {setting_of(request)} of the site's profile: {_at_most(request, most)}, or fewer retries."
        yield note(checked, f"mem_mb is {last:.0f} at the last attempt, {told}", do)


def _judge_time(
    situation: Situation, request: Request, partition: Partition, known: Mapping[str, Partition]
) -> Iterator[Finding]:
    """Minutes at the first attempt (a problem) and at the last (a note)."""
    first, last = request.minutes
    most, checked = partition.limit_min, f"job of {request.told}"
    told = f"{partition.name} allows {most:.0f} min"
    if first is not None and first > most:
        own = "runtime" in request.own
        fit = [p.name for p in known.values() if p.limit_min >= first and p.gpus >= request.gpus]
        less = [] if own or request.group else [less_time(situation.planned, r, first, most) for r in request.rules]
        yield problem(
            checked, f"runtime is {first:.0f}, {told}", _remedies(request, "runtime", f"{most:.0f}", less, fit, own)
        )
    elif last is not None and last > most:
        do = f"Set runtime in {setting_of(request)} of the site's profile: {_at_most(request, most)}, or fewer retries."
        yield note(checked, f"runtime is {last:.0f} at the last attempt, {told}", do)


def _at_most(request: Request, most: float) -> str:
    """An amount that stays allowed: of one job of a group, its part."""
    return f"at most {most:.0f}" + (" for all jobs of a group together" if request.group else "")


def _remedies(request: Request, key: str, most: str, less: list[str], fit: list[str], is_own: bool) -> str:
    """What to do about a request that is too large: settings of the run, another partition, the site's profile."""
    where = f"{setting_of(request)} of the site's profile"
    if request.group and not is_own:
        ways = [f"Lower group-components in the profile, now {request.group}"]
    else:
        ways = [f"Lower {key} in {where}"] if is_own else list(dict.fromkeys(way for way in less if way))
    ways += [_elsewhere(request, fit)] if fit else []
    if not is_own and not request.group:
        margin = ", as requests are several times the forecast" if key == "runtime" else ""
        ways.append(f"Set {key} in {where}: {most}{margin}")
    return "; or ".join(way[0].lower() + way[1:] if i else way for i, way in enumerate(ways)) + "."
