"""What a run will cost: from the facts of a movie and the table of rates to jobs, seconds, memory. Arithmetic only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from samtrack.blocks import plan_blocks
from samtrack.config import Config, SequenceSettings, network_of
from samtrack.config.rates import (
    CANVAS_BYTES,
    CANVAS_SHARE,
    CELL_FLATNESS,
    GAP_CELLS,
    GAPS,
    GPU_THREADS,
    HELD_VOXELS,
    JOB_FILES,
    NETWORKS,
    PARALLEL,
    PRODUCTS,
    RATES,
    NetworkRate,
    Product,
    Rate,
)
from samtrack.config.revisions import Network
from samtrack.errors import PlanError
from samtrack.stages.facts import Facts

RULES = tuple(dict.fromkeys(key.partition("/")[0] for key in RATES))
"""Rules of the workflow whose cost is known, in their order."""

WIDE_THREADS = 8
"""Threads of a job that takes all cores, where nobody says how many there are (on a cluster): more than 8 read and compress
faster than most file systems write."""

REFERENCE_3D, REFERENCE_2D = "sam-med3d", "hiera-large"
"""Networks that stand for weights that are not in the table of rates: the dearest ones."""

NO_FACTORS: Mapping[str, float] = MappingProxyType({})
"""The shipped rates as they are."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What the jobs of one rule cost for one sequence."""

    rule: str
    threads: int
    """Of a job."""
    jobs: int
    seconds: float
    """Of the longest job, without a GPU."""
    gpu_seconds: float
    """Of the longest job on a GPU; 0 where no network is asked or the settings forbid a GPU."""
    cpu_s: float
    """CPU seconds of all jobs, without a GPU."""
    gpu_s: float
    """GPU seconds of all jobs, if they have one."""
    memory_mb: float
    """Peak memory of a job."""
    disk_mb: float
    """What all jobs leave on disk."""
    files: int
    """Files that all jobs leave, logs included."""
    scratch_mb: float
    """What a job keeps on disk while it runs."""


def forecast(
    config: Config,
    sequence: SequenceSettings,
    facts: Facts,
    cores: int | None = None,
    factors: Mapping[str, float] = NO_FACTORS,
) -> list[Cost]:
    """The cost of every rule that runs for a sequence; ``config`` is complete, ``factors`` as in `cost_of`."""
    return [cost_of(config, rule, facts, cores, factors.get(rule, 1.0)) for rule in rules_of(config, sequence)]


def rules_of(config: Config, sequence: SequenceSettings) -> list[str]:
    """The rules that run for a sequence."""
    has_truth = sequence.truth is not None or sequence.simulate is not None
    asked = {
        "simulate": sequence.simulate is not None,
        "diameter": config.segment.method != "given" and config.movie.cell_diameter_um is None,
        "propagate": config.links_with_sam2(sequence),
        "lineages": config.lineages == "from_first_frame",
        "export_ctc": config.export.ctc,
        "export_files": bool(config.export.files),
        "validate": config.export.ctc,
        "evaluate": config.export.ctc and has_truth,
    }
    return [rule for rule in RULES if asked.get(rule, True)]


def cost_of(config: Config, rule: str, facts: Facts, cores: int | None = None, factor: float = 1.0) -> Cost:
    """The cost of one rule. ``cores``: of the machine, None on a cluster; ``factor``: of the shipped seconds."""
    rate = rate_of(config, rule)
    frames = [len(block.core) for block in plan_blocks(facts.frames, length_of(config))]
    frames = frames if rate.per == "block" else [facts.frames]
    threads = 1 + PARALLEL * (threads_of(config, rule, cores) - 1)
    network = network_rate(config, rule)
    on_gpu = network is not None and device_of(config, rule) != "cpu"
    start = rate.start_s + (network.start_s if network else 0.0)

    def seconds(n: int, by_network: float) -> float:
        return factor * (start + plain_seconds(config, rule, facts, n) / (1 if network else threads) + by_network)

    work = [network_seconds(config, rule, facts, n) for n in frames]
    longest, dearest = max(frames), max(work)
    gpu = [seconds(n, w / GPU_THREADS) if on_gpu else 0.0 for n, w in zip(frames, work, strict=True)]
    cpu = [factor * (start + plain_seconds(config, rule, facts, n) + w) for n, w in zip(frames, work, strict=True)]
    memory = memory_mb(rate, facts, longest, threads_of(config, rule, cores)) + memory_of_network(config, rule)
    disk, files = left_on_disk(rule, facts, len(frames))
    return Cost(
        rule,
        threads_of(config, rule, cores),
        len(frames),
        seconds(longest, dearest / threads),
        max(gpu),
        sum(cpu),
        sum(gpu),
        memory,
        disk,
        files,
        scratch_mb(config, rule, facts),
    )


def rate_of(config: Config, rule: str) -> Rate:
    """The rate of a rule, of segment that of the method that finds the cells."""
    if rule == "segment":
        return RATES["segment/given" if config.segment.method == "given" else "segment/seeds"]
    if rule not in RATES:
        raise PlanError(f"rule {rule!r}: nothing is known of what it costs; known rules: {', '.join(RULES)}.")
    return RATES[rule]


def length_of(config: Config) -> int:
    """Frames of a block, once they are known."""
    if config.blocks.frames == "auto":
        raise PlanError(
            "blocks.frames is still 'auto': the configuration has not been completed (stages.plan.complete)."
        )
    return config.blocks.frames


def threads_of(config: Config, rule: str, cores: int | None) -> int:
    """Threads of a job: all cores where it takes what it gets, the user's number where a network works, else one."""
    if rate_of(config, rule).is_wide:
        return cores or WIDE_THREADS
    workers = config.resources.workers
    return min(workers, cores or workers) if network_asked(config, rule) else 1


def network_asked(config: Config, rule: str) -> Network | None:
    """The section of the network that a rule's jobs ask."""
    return "sam2" if rule == "propagate" else network_of(config, rule)


def network_rate(config: Config, rule: str) -> NetworkRate | None:
    """The rate of the network that a rule asks; that of a large one for weights that are not in the table."""
    network = network_asked(config, rule)
    if network is None:
        return None
    weights = str(getattr(config, network).weights)
    fitting = [name for name in NETWORKS if weights == name or weights.endswith(name.removeprefix("hiera"))]
    reference = REFERENCE_2D if network == "sam2" else REFERENCE_3D
    return NETWORKS[fitting[0] if fitting else reference]


def device_of(config: Config, rule: str) -> str:
    """The device that the settings name for a rule's network."""
    network = network_asked(config, rule)
    return str(getattr(config, network).device) if network else "cpu"


def plain_seconds(config: Config, rule: str, facts: Facts, frames: int) -> float:
    """Seconds of one thread for a job of so many frames, beside the start and a network's work."""
    rate = rate_of(config, rule)
    frames = min(frames, config.report.frames_shown) if rule == "report" else frames
    return frames * (rate.voxels_s * facts.voxels / 1e6 + rate.cells_s * facts.cells / 1e3)


def network_seconds(config: Config, rule: str, facts: Facts, frames: int) -> float:
    """Seconds of one thread for a network's work on so many frames; 0 where none is asked."""
    rate, network = network_rate(config, rule), network_asked(config, rule)
    if rate is None or network is None:
        return 0.0
    if rule == "fill":
        planes = planes_of_a_cell(facts) if network == "sam2" else 1.0
        return frames * facts.cells * GAPS * GAP_CELLS * rate.cells_s * planes
    zoom = (getattr(config, network).cell_px or rate.cell_px) / facts.diameter_px
    times = config.link.propagate_frames if rule == "propagate" else 1
    return frames * (rate.pixels_s * zoom**2 * facts.voxels / 1e6 + times * rate.cells_s * facts.cells)


def memory_mb(rate: Rate, facts: Facts, frames: int, threads: int) -> float:
    """Peak memory of a job of so many frames, without a network's."""
    held = min(facts.voxels, HELD_VOXELS) * rate.held_bytes * threads
    return rate.base_mb + (held + facts.cells * frames * rate.cell_bytes) / 1e6


def memory_of_network(config: Config, rule: str) -> float:
    """What a network takes, in MB: libraries, weights and half of what its section allows for activations."""
    rate, network = network_rate(config, rule), network_asked(config, rule)
    if rate is None or network is None:
        return 0.0
    return rate.base_mb + 250.0 * float(getattr(config, network).memory_gb)


def left_on_disk(rule: str, facts: Facts, jobs: int) -> tuple[float, int]:
    """Megabytes and files that a rule leaves for a movie."""
    product = PRODUCTS.get(rule, Product())
    cells = facts.cells * facts.frames
    raw = product.raw_share * facts.voxels * facts.itemsize * facts.frames
    masks = cells * planes_of_a_cell(facts) * product.mask_bytes
    files = product.frame_files * facts.frames + (product.job_files + JOB_FILES) * jobs
    return product.each_mb + (raw + masks + cells * product.cell_bytes) / 1e6, files


def scratch_mb(config: Config, rule: str, facts: Facts) -> float:
    """Megabytes that a job keeps on disk while it runs: the labels of a frame too large for its memory."""
    canvas = facts.voxels * CANVAS_BYTES / 1e6
    is_kept = rule == "segment" and config.segment.method != "given"
    return canvas if is_kept and canvas > CANVAS_SHARE * config.resources.memory_gb * 1000 else 0.0


def planes_of_a_cell(facts: Facts) -> float:
    """Planes in which a cell lies."""
    return max(1.0, facts.diameter_px / CELL_FLATNESS) if len(facts.shape) == 3 else 1.0
