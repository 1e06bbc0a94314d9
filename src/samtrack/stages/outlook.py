"""What a whole run will cost, as a table for people and as plain data: rules, totals, time, disk, and what limits it."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from samtrack.config import Config
from samtrack.stages.cut import MOST_BLOCKS, planning_s
from samtrack.stages.facts import Facts, facts_of
from samtrack.stages.forecast import RULES, WIDE_THREADS, Cost, device_of, forecast, length_of, rate_of
from samtrack.stages.like import Likeness

MANY_FILES = 1_000_000
"""Files from which quotas of shared file systems are worth a look."""

HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Means:
    """What a run may use at once."""

    cores: int
    """Cores at once; a job takes as many as it has threads."""
    gpus: int
    """GPUs; 0 if there are none, so that networks run on processors."""
    free_mb: float
    """Free space where the results go."""


@dataclass(frozen=True)
class Outlook:
    """What a run will cost."""

    block_frames: int
    facts: dict[str, Facts]
    """By sequence."""
    costs: list[Cost]
    """By rule, all sequences together; times are those of the longest job."""
    means: Means
    wall_s: float
    """From the first job to the last, with the means at hand."""
    remarks: list[str]
    """What limits the run, and what to do about it."""

    @property
    def disk_mb(self) -> float:
        """What the run leaves on disk."""
        return sum(cost.disk_mb for cost in self.costs)

    @property
    def files(self) -> int:
        """Files that the run leaves."""
        return sum(cost.files for cost in self.costs)

    @property
    def jobs(self) -> int:
        """Jobs of the run."""
        return sum(cost.jobs for cost in self.costs)

    @property
    def scratch_mb(self) -> float:
        """What jobs that run at once keep on disk for a while."""
        return max((min(cost.jobs, _at_once(cost, self.means)) * cost.scratch_mb for cost in self.costs), default=0.0)


def look_ahead(config: Config, means: Means, like: Likeness | None = None, cells: float | None = None) -> Outlook:
    """What the run of a complete configuration will cost. ``cells``: of a frame, where the user knows."""
    like = like or Likeness()
    facts = {s.name: like.applied(facts_of(config, s)) for s in config.sequences}
    if cells is not None:
        facts = {name: replace(one, cells=cells) for name, one in facts.items()}
    return outlook_of(config, facts, means, like)


def outlook_of(config: Config, facts: dict[str, Facts], means: Means, like: Likeness | None = None) -> Outlook:
    """What a run on movies of known facts will cost."""
    like = like or Likeness()
    cores = min(means.cores, WIDE_THREADS)
    each = [like.corrected(c) for s in config.sequences for c in forecast(config, s, facts[s.name], cores)]
    costs = [
        _together([cost for cost in each if cost.rule == rule]) for rule in RULES if rule in {c.rule for c in each}
    ]
    outlook = Outlook(length_of(config), facts, costs, means, sum(wall_of(cost, means) for cost in costs), [])
    return replace(outlook, remarks=list(_remarks(config, outlook)))


def wall_of(cost: Cost, means: Means) -> float:
    """Seconds from the first to the last job of a rule: rounds of as many jobs as run at once."""
    on_gpu = means.gpus > 0 and cost.gpu_seconds > 0
    at_once = min(_at_once(cost, means), means.gpus) if on_gpu else _at_once(cost, means)
    return math.ceil(cost.jobs / at_once) * (cost.gpu_seconds if on_gpu else cost.seconds)


def as_data(outlook: Outlook) -> dict[str, Any]:
    """The outlook as plain data, for JSON."""
    return {
        "block_frames": outlook.block_frames,
        "sequences": {name: asdict(facts) for name, facts in outlook.facts.items()},
        "rules": [asdict(cost) for cost in outlook.costs],
        "jobs": outlook.jobs,
        "cpu_hours": sum(cost.cpu_s for cost in outlook.costs) / HOUR_S,
        "gpu_hours": sum(cost.gpu_s for cost in outlook.costs) / HOUR_S,
        "memory_mb": max(cost.memory_mb for cost in outlook.costs),
        "disk_mb": outlook.disk_mb,
        "scratch_mb": outlook.scratch_mb,
        "files": outlook.files,
        "wall_s": outlook.wall_s,
        "means": asdict(outlook.means),
        "remarks": outlook.remarks,
    }


def as_text(outlook: Outlook) -> str:
    """The outlook as a table with a few lines below."""
    rows = [["stage", "jobs", "per job", "on a GPU", "CPU h", "GPU h", "memory", "disk", "files"]]
    rows += [_row(cost) for cost in outlook.costs]
    rows.append(_row(_total(outlook.costs)))
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    table = ["  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip() for row in rows]
    movies = [
        f"{name}: {f.frames} frames of {' x '.join(map(str, f.shape))} voxels ({f.itemsize} bytes each), about "
        f"{f.cells:.0f} cells in a frame"
        for name, f in outlook.facts.items()
    ]
    means = outlook.means
    gpus = f" and {means.gpus} GPU{'s' if means.gpus > 1 else ''}" if means.gpus else " without GPU"
    cores = f"{means.cores} core{'s' if means.cores > 1 else ''}"
    ends = [
        f"blocks of {outlook.block_frames} frames; {cores}{gpus}: about {time_text(outlook.wall_s)}",
        f"disk: {size_text(outlook.disk_mb)} needed, {size_text(means.free_mb)} free",
        *outlook.remarks,
    ]
    return "\n".join([*movies, "", *table, "", *ends])


def time_text(seconds: float) -> str:
    """A time in the unit that suits it."""
    for unit, name in ((86400.0, "d"), (HOUR_S, "h"), (60.0, "min")):
        if seconds >= 2 * unit:
            return f"{seconds / unit:.1f} {name}"
    return f"{seconds:.1f} s"


def size_text(megabytes: float) -> str:
    """A size in the unit that suits it."""
    for unit, name in ((1e6, "TB"), (1e3, "GB")):
        if megabytes >= unit:
            return f"{megabytes / unit:.1f} {name}"
    return f"{megabytes:.0f} MB"


def free_mb(out: Path) -> float:
    """Free space for a folder that may not exist yet."""
    existing = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.exists())
    return shutil.disk_usage(existing).free / 1e6


def _at_once(cost: Cost, means: Means) -> int:
    """Jobs of a rule that run at once."""
    return max(1, means.cores // cost.threads)


def _row(cost: Cost) -> list[str]:
    """A line of the table; a total has no time of one job."""
    is_total = cost.seconds == 0
    times = ["" if is_total else time_text(cost.seconds), time_text(cost.gpu_seconds) if cost.gpu_seconds else ""]
    hours = [f"{cost.cpu_s / HOUR_S:.3g}", f"{cost.gpu_s / HOUR_S:.3g}" if cost.gpu_s else ""]
    return [cost.rule, str(cost.jobs), *times, *hours, *map(size_text, (cost.memory_mb, cost.disk_mb)), str(cost.files)]


def _together(costs: Sequence[Cost]) -> Cost:
    """One rule over several sequences: sums, and the longest and largest job."""
    return replace(
        _total(costs),
        rule=costs[0].rule,
        seconds=max(c.seconds for c in costs),
        gpu_seconds=max(c.gpu_seconds for c in costs),
    )


def _total(costs: Sequence[Cost]) -> Cost:
    """Several rules: sums, and the largest job; jobs of different rules have no time in common."""
    return Cost(
        "total",
        max(c.threads for c in costs),
        sum(c.jobs for c in costs),
        0.0,
        0.0,
        sum(c.cpu_s for c in costs),
        sum(c.gpu_s for c in costs),
        max(c.memory_mb for c in costs),
        sum(c.disk_mb for c in costs),
        sum(c.files for c in costs),
        max(c.scratch_mb for c in costs),
    )


def _remarks(config: Config, outlook: Outlook) -> Iterable[str]:
    """What limits a run, worst first."""
    need = outlook.disk_mb + outlook.scratch_mb
    if need > outlook.means.free_mb:
        yield f"too little disk: {size_text(need - outlook.means.free_mb)} are missing. Choose another 'out', or make room."
    slowest = max(outlook.costs, key=lambda cost: wall_of(cost, outlook.means))
    share = wall_of(slowest, outlook.means) / outlook.wall_s
    yield f"longest: {slowest.rule}, {share:.0%} of the time" + _advice(config, slowest, outlook.means)
    if outlook.scratch_mb:
        yield f"while segment runs, up to {size_text(outlook.scratch_mb)} more on disk: frames are too large for memory"
    blocks = max(cost.jobs for cost in outlook.costs)
    if planning_s(blocks) > 30:
        yield f"{blocks} blocks: Snakemake plans for about {time_text(planning_s(blocks))} before the first job starts"
    if blocks > MOST_BLOCKS:
        yield f"more than {MOST_BLOCKS} blocks are slow to plan: leave blocks.frames at auto, or run sequences one by one"
    if outlook.files > MANY_FILES:
        yield f"{outlook.files} files: see that the quota of the file system allows them"
    allowed = config.resources.memory_gb * 1000
    for cost in outlook.costs:
        if cost.memory_mb > allowed and not cost.gpu_s and device_of(config, cost.rule) == "cpu":
            yield f"{cost.rule} will hold about {size_text(cost.memory_mb)}, more than resources.memory_gb: tables of cells"


def _advice(config: Config, cost: Cost, means: Means) -> str:
    """What shortens the rule that takes longest."""
    if cost.gpu_seconds and not means.gpus:
        return "; a GPU would take about " + time_text(cost.gpu_s)
    if rate_of(config, cost.rule).per == "movie":
        return "; it has one job for each movie, so more nodes do not help"
    return "" if means.cores >= cost.jobs * cost.threads else "; more cores or GPUs help"
