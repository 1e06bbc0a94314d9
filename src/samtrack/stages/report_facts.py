"""Facts for the page that are no result: what went in, which weights, the machine, time and memory of each stage."""

from __future__ import annotations

import os
import platform
import subprocess
from importlib.metadata import version
from pathlib import Path

import psutil

import samtrack
from samtrack.config.layout import WEIGHTS_MARKS
from samtrack.errors import WeightsError
from samtrack.report.data import StageTime
from samtrack.stages.address import Address
from samtrack.stages.forecast import RULES
from samtrack.stages.like import read_measured
from samtrack.stages.plan import asks_network

PACKAGES = ("numpy", "scipy", "scikit-image", "zarr", "tifffile", "torch", "snakemake")
"""Packages named on the page: those that a result may depend on."""

ASK_GPU_S = 10
"""Seconds that the driver may take to say which GPUs there are."""


def given(address: Address) -> list[tuple[str, str]]:
    """What went in, by the configuration: the movie, what masks and links come from, the truth, weights with their sums."""
    config, sources = address.config, address.sources
    simulated = address.sequence.simulate
    images = str(sources.images) if simulated is None else f"simulated: {simulated.kind}, seed {simulated.seed}"
    facts = [("Images", images), ("Cells from", f"segment.method {config.segment.method}")]
    if simulated is None:
        facts += [(name, str(path)) for name, path in (("Masks", sources.masks), ("Truth", sources.truth)) if path]
    facts += [("Gaps filled by", f"fill.method {config.fill.method}"), ("Linker", f"{config.associate.linker}")]
    facts += [("Link model", config.link.model or f"the one that ships{', with SAM 2' if address.asks_sam2 else ''}")]
    for network, mark in WEIGHTS_MARKS.items():
        if asks_network(config, network):
            facts.append((f"Weights of {network}", _weights(address, network, Path(config.out) / mark)))
    return facts


def _weights(address: Address, network: str, mark: Path) -> str:
    """Name and SHA-256 of weights: as the run noted them, else as they lie here."""
    from samtrack.io.weights import sha256_of
    from samtrack.io.weights_cache import cache_folder

    settings = getattr(address.config, network)
    if mark.exists():
        return f"{settings.weights}, SHA-256 {mark.read_text(encoding='utf-8').split()[0]}"
    try:
        return f"{settings.weights}, SHA-256 {sha256_of(settings.weights, cache_folder(settings.cache))}"
    except WeightsError:
        return f"{settings.weights}, not on the machine that made this page"


def versions() -> dict[str, str]:
    """Versions of Python, of samtrack and of the packages that a result may depend on."""
    return {"Python": platform.python_version(), "samtrack": samtrack.__version__} | {
        name: version(name) for name in PACKAGES
    }


def machine() -> list[tuple[str, str]]:
    """The machine that makes the page: processor, cores, memory, GPUs, system. Jobs of a cluster may have run on others."""
    facts = [
        ("Processor", _processor()),
        ("Cores", str(os.cpu_count())),
        ("Memory", f"{psutil.virtual_memory().total / 1e9:.0f} GB"),
        ("GPU", _gpus()),
        ("System", f"{platform.system()} {platform.release()}"),
    ]
    if "SLURM_JOB_ID" in os.environ:
        facts.append(("Of", "the node on which this page was made; other jobs may have run on others"))
    return facts


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def _gpus() -> str:
    """What the driver says; no network package is loaded for it."""
    command = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ASK_GPU_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return "none seen"
    names = [line.strip() for line in done.stdout.splitlines() if line.strip()]
    return ", ".join(names) if done.returncode == 0 and names else "none seen"


def timings(address: Address) -> list[StageTime]:
    """Time and memory of the stages before this one, from what Snakemake noted; none where it did not run."""
    measured = read_measured(Path(address.config.out) / "benchmarks" / address.sequence.name)
    return [
        StageTime(rule, one.jobs, one.wall_s, one.cpu_s, one.memory_mb)
        for rule in RULES
        if (one := measured.get(rule)) is not None and rule != "report"
    ]
