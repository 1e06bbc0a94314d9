"""Memory of this machine against what the jobs may take that run at once."""

from __future__ import annotations

from collections.abc import Iterator

from samtrack.doctor.finding import Finding, note, ok, problem
from samtrack.doctor.machine import allowed_cores
from samtrack.doctor.remedies import less_memory
from samtrack.doctor.situation import Situation

SNAKEMAKE_GB = 0.3
"""Memory of Snakemake itself, with some thousand jobs; measured: 0.14 to 0.26 GB."""


SAFE = 0.8
"""Share of all memory that one job is told to keep to: the system and Snakemake take some, and forecasts are rough."""


def check_memory(situation: Situation) -> Iterator[Finding]:
    """Total, free and allowed memory; then whether one job, and all that run at once, fit."""
    import psutil

    now = psutil.virtual_memory()
    limit = situation.cgroups.memory_limit()
    total = min(now.total, limit or now.total) / 1e9
    found = f"{now.total / 1e9:.1f} GB, {now.available / 1e9:.1f} free"
    if limit is not None and limit < now.total:
        found += f"; a control group allows {limit / 1e9:.1f} GB"
    if situation.profile.uses_slurm:
        if min(total, now.available / 1e9) < SNAKEMAKE_GB:
            yield problem("memory", f"{found}; Snakemake takes {SNAKEMAKE_GB} GB", "Start it on another node.")
        else:
            yield ok("memory", f"{found}; jobs run elsewhere")
        return
    yield ok("memory", found)
    yield judge_jobs(situation, total)
    if now.available / 1e9 < situation.job_memory_gb <= total:
        rule = situation.largest_job
        found = f"{now.available / 1e9:.1f} GB are free now, {rule} may take {situation.job_memory_gb:g}"
        smaller = less_memory(situation.planned, rule, situation.asked[rule][0].mem_mb, now.available / 1e6)
        yield note("free memory", found, "End other programs." + (f" Or: {smaller}." if smaller else ""))


def judge_jobs(situation: Situation, total_gb: float) -> Finding:
    """One job, and as many as run at once, against the memory there is."""
    job_gb, profile = situation.job_memory_gb, situation.profile
    n_jobs = profile.cores or allowed_cores(situation.cgroups)[0]
    rule = situation.largest_job
    smaller = less_memory(situation.planned, rule, situation.asked[rule][0].mem_mb, SAFE * total_gb * 1000)
    if job_gb > total_gb:
        found = f"{rule} may take {job_gb:g} GB, of {total_gb:.1f}"
        return problem("memory of a job", found, f"{smaller or 'Take a machine with more memory'}.")
    at_once = n_jobs * job_gb
    if profile.memory_mb is not None:
        at_once = min(at_once, profile.memory_mb / 1000)
    told = f"{n_jobs} jobs at once (one a core) of at most {job_gb:g} GB each"
    if at_once > total_gb:
        fits = max(1, int(total_gb // job_gb))
        found = f"{told}, of {total_gb:.1f} GB: {fits} at once, the others wait"
        return note("memory of jobs", found, "Set a lower resources.memory_gb to use all cores.")
    return ok("memory of jobs", f"{told}" + (f", {profile.memory_mb} MB together" if profile.memory_mb else ""))
