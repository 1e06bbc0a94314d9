"""Slurm as its commands describe it: partitions, accounting, and which way of asking for a job's state is safe."""

from __future__ import annotations

import getpass
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

from samtrack.doctor.amounts import number_of, slurm_minutes
from samtrack.doctor.command import ask
from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.situation import Situation

SINFO = "%P|%a|%l|%D|%m|%c|%G|%T"
"""Partition, up or down, time limit, nodes, MB, CPUs, generic resources and state of the nodes."""

FIRST_WAIT_S = 40.0
"""The plugin's first wait between looks at jobs, unless slurm-init-seconds-before-status-checks says otherwise."""

N_WAITS = 3
"""The plugin asks sacct after all where the controller forgets jobs in fewer than so many first waits."""

UNUSABLE = ("down", "drain", "fail", "inval", "unk", "maint")
"""Beginnings of the states of nodes that take no jobs."""


@dataclass(frozen=True, slots=True)
class Partition:
    """A partition, and the most that one of its nodes has."""

    name: str
    is_default: bool
    is_up: bool
    limit_min: float
    n_nodes: int
    n_usable: int
    memory_mb: int
    cpus: int
    gpus: int

    @property
    def told(self) -> str:
        """In a few words."""
        limit = "no time limit" if math.isinf(self.limit_min) else f"{self.limit_min:.0f} min"
        mark = " (default)" if self.is_default else ""
        nodes = f"{self.n_usable} of {self.n_nodes} nodes usable"
        return (
            f"{self.name}{mark}: {limit}, {nodes}, up to {self.memory_mb} MB, {self.cpus} CPUs, {self.gpus} GPUs a node"
        )


def parse_sinfo(text: str) -> dict[str, Partition]:
    """Partitions by name, from the lines of ``sinfo -h -e -o`` with the format above; each line is a group of nodes."""
    found: dict[str, Partition] = {}
    for line in text.splitlines():
        fields = [part.strip() for part in line.split("|")]
        if len(fields) != 8 or not fields[0]:
            continue
        name, state = fields[0].rstrip("*"), fields[7].lower()
        n_nodes, memory, cpus = (int(re.match(r"\d*", part)[0] or 0) for part in (fields[3], fields[4], fields[5]))  # type: ignore[index]
        usable = 0 if state.startswith(UNUSABLE) or state.endswith("*") else n_nodes
        before = found.get(name)
        found[name] = Partition(
            name,
            fields[0].endswith("*"),
            fields[1] == "up",
            slurm_minutes(fields[2]),
            n_nodes + (before.n_nodes if before else 0),
            usable + (before.n_usable if before else 0),
            max(memory, before.memory_mb if before else 0),
            max(cpus, before.cpus if before else 0),
            max(gpus_in(fields[6]), before.gpus if before else 0),
        )
    return found


def gpus_in(gres: str) -> int:
    """GPUs of a node from its generic resources, as in ``gpu:a100:4(S:0-1),gpu:2``."""
    parts = [part for part in re.sub(r"\([^)]*\)", "", gres).split(",") if part.split(":")[0] == "gpu"]
    return sum(int(count) if (count := part.rpartition(":")[2]).isdigit() else 1 for part in parts)


def partitions() -> tuple[dict[str, Partition], str]:
    """All partitions, and why there are none."""
    answer = ask("sinfo", "-h", "-e", "-o", SINFO)
    if not answer.is_good:
        return {}, answer.complaint
    return parse_sinfo(answer.out), "" if answer.out.strip() else "sinfo names no partition"


def check_slurm(situation: Situation) -> Iterator[Finding]:
    """Whether Slurm's commands answer, and the partitions."""
    needed = situation.profile.uses_slurm
    sinfo = ask("sinfo", "--version")
    if sinfo.is_missing:
        do = "Start on a login node of the cluster, or `module load slurm`."
        yield (
            problem("Slurm", "sinfo is not on the PATH", do) if needed else ok("Slurm", "none here, and none asked for")
        )
        return
    if not sinfo.is_good:
        do = "Ask who runs the cluster where its slurm.conf is, and `export SLURM_CONF=` it."
        found = f"the commands are here, but they know no cluster: {sinfo.complaint}"
        yield problem("Slurm", found, do) if needed else ok("Slurm", found)
        return
    yield ok("Slurm", sinfo.out.strip() or "no version told")
    for command in (("squeue", "-h", "-u", getpass.getuser()), ("sbatch", "--version")):
        answer = ask(*command)
        if not answer.is_good:
            do = f"Try `{' '.join(command)}`; ask who runs the cluster if it stays so."
            yield problem(command[0], answer.complaint, do) if needed else note(command[0], answer.complaint, do)
        elif command[0] == "squeue":
            yield ok("squeue", f"answers; {len(answer.out.splitlines())} jobs of yours in the queue")
    known, fault = partitions()
    if fault:
        do = "Try `sinfo`: the controller is away or the configuration is not found."
        yield problem("partitions", fault, do) if needed else note("partitions", fault, do)
    for partition in known.values():
        yield ok("partition", partition.told)
    if needed and (conf := os.environ.get("SLURM_CONF")) and conf != "/etc/slurm/slurm.conf":
        do = "If jobs end with 'Could not establish a configuration source', link that file to /etc/slurm/slurm.conf."
        yield note("SLURM_CONF", f"{conf}; the plugin takes the variable away from what it starts inside jobs", do)


def settings_of_slurm() -> dict[str, str]:
    """What ``scontrol show config`` says."""
    pairs = (line.partition("=") for line in ask("scontrol", "show", "config").out.splitlines() if "=" in line)
    return {name.strip(): value.strip() for name, _, value in pairs}


def check_status_command(situation: Situation) -> Iterator[Finding]:
    """Whether jobs are kept in a database, and whether the profile asks for their state in a way that cannot hang."""
    if not ask("scontrol", "--version").is_good:
        return  # said by the check of Slurm
    told = settings_of_slurm()
    if not told:
        yield note("accounting", "scontrol show config says nothing", "Try `scontrol ping`.")
        return
    has_database = told.get("AccountingStorageType", "").endswith("slurmdbd")
    yield ok("accounting", "jobs are kept in a database (slurmdbd)" if has_database else "none: sacct knows no jobs")
    if situation.profile.uses_slurm:
        yield _judge_status_command(situation, told, has_database)


def _judge_status_command(situation: Situation, told: dict[str, str], has_database: bool) -> Finding:
    asked, has_sacct = situation.profile.keys.get("slurm-status-command"), not ask("sacct", "--version").is_missing
    wait_s = number_of(situation.profile.keys.get("slurm-init-seconds-before-status-checks")) or FIRST_WAIT_S
    match = re.match(r"\d+", told.get("MinJobAge", ""))
    age_s = int(match[0]) if match else 0
    checked, fix = "slurm-status-command", "Set slurm-status-command: squeue."
    if (asked or ("sacct" if has_sacct else "squeue")) == "sacct":
        if not has_database:
            return problem(
                checked, f"{asked or 'sacct, the default'}, and there is no accounting: a run would hang", fix
            )
        return note(checked, f"{asked or 'sacct, the default'}: a job that someone cancels is never noticed", fix)
    if age_s >= N_WAITS * wait_s:
        return ok(checked, f"{asked or 'squeue'}; the controller remembers ended jobs for {age_s} s (MinJobAge)")
    found = (
        f"squeue, but ended jobs are forgotten after {age_s} s (MinJobAge), less than {N_WAITS} waits of {wait_s:g} s"
    )
    seconds = max(1, age_s // N_WAITS)
    do = f"Set slurm-init-seconds-before-status-checks: {seconds}, or ask for MinJobAge=300."
    if has_sacct and not has_database:
        return problem(checked, f"{found}: the plugin asks sacct instead, without accounting, and hangs", do)
    return note(checked, found, do)
