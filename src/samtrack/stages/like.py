"""Rates of an earlier run: how much longer its jobs took than the shipped rates say, and how dense its cells were."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import log
from pathlib import Path

from samtrack.config import Config, SequenceSettings, build_config
from samtrack.config.ingest import IngestSettings
from samtrack.config.layout import RUN_CONFIG, Layout
from samtrack.config.load import read_yaml
from samtrack.errors import DataError
from samtrack.io.sources import open_source
from samtrack.io.tables import read_number, read_table
from samtrack.stages.cut import with_length
from samtrack.stages.facts import Facts, expected_cells
from samtrack.stages.forecast import RULES, Cost, cost_of

LONGEST_BLOCK = 25
"""Frames of a block of runs that did not write how long theirs were."""


MOST_WAITING = 3.0
"""How many times its CPU time a job is believed to need because of slow disks; what is beyond, other programs took."""

LEAST_MEMORY = 0.5
"""Share of the shipped memory that is kept whatever was measured: short jobs end before Snakemake looks at them."""


@dataclass(frozen=True)
class Likeness:
    """What an earlier run says about the cost of another one."""

    seconds: Mapping[str, float] = field(default_factory=dict)
    """By rule, how many times the shipped seconds its jobs took."""
    gpu_seconds: Mapping[str, float] = field(default_factory=dict)
    """The same for jobs that ran on a GPU."""
    memory: Mapping[str, float] = field(default_factory=dict)
    """By rule, how many times the shipped memory its largest job took."""
    image: float = 1.0
    """How many times the shipped size its OME-Zarr has."""
    cells_per_voxel: float | None = None
    """Cells for each voxel; None where it has no table of cells."""
    axes: int = 0
    """Axes of its frames."""

    def applied(self, facts: Facts) -> Facts:
        """The facts of another movie with cells as dense as those of the earlier run, where both have as many axes."""
        if self.cells_per_voxel is None or self.axes != len(facts.shape):
            return facts
        return replace(facts, cells=max(1.0, self.cells_per_voxel * facts.voxels))

    def corrected(self, cost: Cost) -> Cost:
        """A cost at the rates of the earlier run."""
        slower, on_gpu = self.seconds.get(cost.rule, 1.0), self.gpu_seconds.get(cost.rule, 1.0)
        return replace(
            cost,
            seconds=cost.seconds * slower,
            cpu_s=cost.cpu_s * slower,
            gpu_seconds=cost.gpu_seconds * on_gpu,
            gpu_s=cost.gpu_s * on_gpu,
            memory_mb=cost.memory_mb * self.memory.get(cost.rule, 1.0),
            disk_mb=cost.disk_mb * (self.image if cost.rule == "ingest" else 1.0),
        )


@dataclass(frozen=True, slots=True)
class Measured:
    """The benchmark tables of one rule."""

    jobs: int
    wall_s: float
    cpu_s: float
    memory_mb: float

    @property
    def seconds(self) -> float:
        """CPU seconds, and the time spent waiting for disks as far as it is believed; without the former all of it."""
        return max(self.cpu_s, min(self.wall_s, MOST_WAITING * self.cpu_s)) if self.cpu_s else self.wall_s


def read_likeness(out: Path) -> Likeness:
    """What the run in a folder took, compared with what the shipped rates say of it."""
    path = out / RUN_CONFIG
    if not path.exists():
        raise DataError(
            f"{out}: holds no {RUN_CONFIG}, so it is not the output folder of a run. --like wants the folder that "
            "`samtrack run --out` named, or 'out' of a configuration."
        )
    config = build_config(read_yaml(path), str(path))
    if config.blocks.frames == "auto":
        config = with_length(config, LONGEST_BLOCK)
    done = [(s, facts) for s in config.sequences if (facts := _facts_before(config, out, s)) is not None]
    if not done:
        raise DataError(
            f"{out}: holds no image of any sequence ({RUN_CONFIG} names them). Let that run finish its ingest."
        )
    return _compared(config, out, done)


def read_measured(folder: Path) -> dict[str, Measured]:
    """The benchmark tables of a sequence by rule; rules without any are left out."""
    rows: dict[str, list[dict[str, str]]] = defaultdict(list)
    for path in sorted(folder.rglob("*.tsv")):
        with path.open(encoding="utf-8", newline="") as lines:
            rule = path.stem if path.parent == folder else path.parent.name
            rows[rule] += list(csv.DictReader(lines, delimiter="\t"))
    return {
        rule: Measured(len(some), _sum(some, "s"), _sum(some, "cpu_time"), max(_numbers(some, "max_rss"), default=0.0))
        for rule, some in rows.items()
        if some and rule in RULES
    }


def _compared(config: Config, out: Path, done: list[tuple[SequenceSettings, Facts]]) -> Likeness:
    """Measured over forecast, by rule, over all sequences."""
    took: dict[str, float] = defaultdict(float)
    said: dict[str, float] = defaultdict(float)
    gpu_took: dict[str, float] = defaultdict(float)
    gpu_said: dict[str, float] = defaultdict(float)
    memory: dict[str, float] = {}
    for sequence, facts in done:
        for rule, measured in read_measured(out / "benchmarks" / sequence.name).items():
            cost = cost_of(config, rule, facts, cores=1)
            if _ran_on_gpu(cost, measured):
                gpu_took[rule] += measured.wall_s
                gpu_said[rule] += cost.gpu_s * measured.jobs / cost.jobs
            else:
                took[rule] += measured.seconds
                said[rule] += cost.cpu_s * measured.jobs / cost.jobs
            memory[rule] = max(memory.get(rule, 0.0), measured.memory_mb / cost.memory_mb)
    stored = sum(_size_mb(Layout(out, s.name)) for s, _ in done)
    raw = sum(cost_of(config, "ingest", facts).disk_mb for _, facts in done)
    counted = [(facts.cells * facts.frames, facts.voxels * facts.frames) for _, facts in done if facts.cells > 0]
    return Likeness(
        {rule: took[rule] / said[rule] for rule in took},
        {rule: gpu_took[rule] / gpu_said[rule] for rule in gpu_took},
        {rule: max(factor, LEAST_MEMORY) for rule, factor in memory.items()},
        stored / raw,
        sum(c for c, _ in counted) / sum(v for _, v in counted) if counted else None,
        len(done[0][1].shape),
    )


def _facts_before(config: Config, out: Path, sequence: SequenceSettings) -> Facts | None:
    """The facts of a movie that was tracked, from its image and table; None where there is no image."""
    layout = Layout(out, sequence.name)
    if not (layout.movie / "zarr.json").exists():
        return None
    source = open_source(layout.movie, IngestSettings())
    n_frames = len(source.numbers)
    voxel_um = tuple(source.found_scale.um.get(axis, 1.0) for axis in "zyx"[-len(source.shape) :])
    diameter_um = config.movie.cell_diameter_um
    if diameter_um is None and layout.diameter.exists():
        diameter_um = read_number(layout.diameter, "diameter_um")
    _, diameter_px = expected_cells(source.shape, voxel_um, diameter_um)
    cells = len(read_table(layout.table)["t"]) / n_frames if layout.table.exists() else 0.0
    return Facts(n_frames, source.shape, source.dtype.itemsize, cells, diameter_px)


def _ran_on_gpu(cost: Cost, measured: Measured) -> bool:
    """Whether jobs that may use a GPU had one: their time is nearer to what is expected with it."""
    if cost.gpu_s <= 0 or measured.wall_s <= 0:
        return False
    each = measured.wall_s / measured.jobs
    return abs(log(each / (cost.gpu_s / cost.jobs))) < abs(log(each / (cost.cpu_s / cost.jobs)))


def _size_mb(layout: Layout) -> float:
    """Megabytes of the image, without the labels in it."""
    files = (path for path in layout.movie.rglob("*") if path.is_file())
    return sum(path.stat().st_size for path in files if layout.tracked.parent not in path.parents) / 1e6


def _sum(rows: Iterable[Mapping[str, str]], column: str) -> float:
    return sum(_numbers(rows, column))


def _numbers(rows: Iterable[Mapping[str, str]], column: str) -> list[float]:
    """The numbers of a column; Snakemake writes NA and - for jobs that were too short to be looked at."""
    return [float(text) for row in rows if (text := row.get(column) or "").replace(".", "", 1).isdigit()]
