"""What the rules of the workflow say of their jobs, in the words of Snakemake."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import psutil

from samtrack.config import Config
from samtrack.io.cgroups import UNLIMITED_BYTES, Cgroups
from samtrack.stages.forecast import threads_of
from samtrack.stages.needs import Needs, needs

NAMES = {"mem_mb": "mem_mb", "runtime": "runtime_min", "gpu": "gpu"}
"""Resources of Snakemake, which its executors hand on to a cluster, and what they are called in `Needs`."""

FREE_SHARE = 0.9
"""Share of a machine's memory that jobs may ask for together: the system, Snakemake and the cache of files need some."""


def limit_memory(workflow: Any, cgroups: Cgroups | None = None) -> None:
    """Where jobs run on this machine: have no more of them at once than its memory holds, unless the user gave a limit.

    A job that asks for more than there is gets what there is, and runs alone. Which executor a run has is not known yet when
    rules are read; a number of jobs in a queue (`--jobs`) is what those that send jobs away need, and those on this machine
    have as their cores.
    """
    is_here = workflow.resource_settings.nodes is None
    if not workflow.is_main_process or not is_here or "mem_mb" in workflow.global_resources:
        return
    total = min(psutil.virtual_memory().total, (cgroups or Cgroups()).memory_limit() or UNLIMITED_BYTES)
    workflow.register_resource("mem_mb", int(FREE_SHARE * total / 1e6))


class Jobs:
    """The jobs of a configuration on a machine with so many cores (None: a cluster)."""

    def __init__(self, config: Config, cores: int | None) -> None:
        self._config, self._cores = config, cores
        # thousands of jobs of a rule ask three times each, and the answer takes a look at all blocks
        self._needs = cache(partial(needs, config, cores=cores))

    def threads(self, rule: str) -> int:
        """Threads of a rule's jobs; no image is opened for it."""
        return threads_of(self._config, rule, self._cores)

    def resources(self, rule: str) -> dict[str, Callable[..., int]]:
        """Functions of wildcards and attempt: memory, time and GPUs of a rule's jobs, more at every further attempt."""
        return {name: self._asked(rule, attribute) for name, attribute in NAMES.items()}

    def _asked(self, rule: str, attribute: str) -> Callable[..., int]:
        def of(wildcards: Any, attempt: int) -> int:
            found: Needs = self._needs(rule, getattr(wildcards, "sequence", None), attempt)
            return int(getattr(found, attribute))

        return of
