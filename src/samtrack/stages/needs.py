"""What the job of a rule asks of the machine or the cluster: threads, memory, time, GPUs."""

from __future__ import annotations

import math
from dataclasses import dataclass

from samtrack.config import Config
from samtrack.errors import PlanError
from samtrack.stages.facts import facts_of
from samtrack.stages.forecast import RULES, Cost, cost_of, network_asked, threads_of

SLACK = 5
"""How many times the forecast a job may run: rates are of another machine and cells are guessed; forecasts of the measured
movies were off by a factor of three at most."""

LEAST_RUNTIME_MIN = 20
"""Minutes that any job may run: starting Python with its libraries from a busy shared file system takes minutes at worst."""

TIME_GROWTH, MEMORY_GROWTH = 2.0, 1.5
"""What a further attempt gets more of: a job that ran out of time has shown only that the limit was too low; memory is
dearer."""

LEAST_MEMORY_MB = 2000
"""Memory that any job asks for: a Python with tables and Zarr takes 0.2 to 0.6 GB, and less is not cheaper on a cluster."""

LIGHT = ("summarise", "validate", "measure", "lineages", "diameter")
"""Rules whose jobs hold slabs and tables only: they ask for what is forecast, not for ``resources.memory_gb``."""

OVERHEAD_MB = 500
"""Memory of the two processes of Snakemake that stand around each job of a cluster: about 210 MB each."""

CAREFUL = 2.0
"""How many times the memory forecast a job asks for."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What one job asks for."""

    threads: int
    mem_mb: int
    runtime_min: int
    gpu: int


def needs(config: Config, rule: str, sequence: str | None = None, attempt: int = 1, cores: int | None = None) -> Needs:
    """What the job of a rule of the workflow asks for.

    ``config`` is complete (`stages.plan.complete`). ``sequence``: None for the most that any sequence needs. ``attempt``
    counts from 1. ``cores``: of the machine, for rules that take all; None on a cluster.
    """
    if rule not in RULES:
        raise PlanError(f"rule {rule!r}: nothing is known of what it costs; known rules: {', '.join(RULES)}.")
    network = network_asked(config, rule)
    sequences = [s for s in config.sequences if sequence in (None, s.name)]
    threads = threads_of(config, rule, cores)
    costs = [cost_of(config, rule, facts_of(config, s), cores) for s in sequences]
    seconds = max((cost.gpu_seconds or cost.seconds for cost in costs), default=0.0)
    runtime = max(LEAST_RUNTIME_MIN, math.ceil(SLACK * seconds / 60))
    return Needs(
        threads,
        int(_memory_mb(config, rule, costs) * MEMORY_GROWTH ** (attempt - 1)),
        int(runtime * TIME_GROWTH ** (attempt - 1)),
        int(network is not None and getattr(config, network).device != "cpu"),
    )


def _memory_mb(config: Config, rule: str, costs: list[Cost]) -> float:
    """What the stage keeps to (``memory_gb``, with that of a network), or more where its tables will be larger.

    The least of light rules has room for Snakemake's processes.
    """
    forecast_mb = CAREFUL * max((cost.memory_mb for cost in costs), default=0.0)
    if rule in LIGHT:
        return max(LEAST_MEMORY_MB, forecast_mb)
    network = network_asked(config, rule)
    of_network = getattr(config, network).memory_gb if network else 0.0
    return OVERHEAD_MB + max((config.resources.memory_gb + of_network) * 1000, forecast_mb)
