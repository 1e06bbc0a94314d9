"""What went in and what it took, as HTML: the movie, files, weights, settings, versions; the machine, time and memory.

Time and machine differ from run to run; they stand in a section of their own, ``run``, the only one that does.
"""

from __future__ import annotations

from collections.abc import Mapping

import yaml

from samtrack.report.data import ReportData
from samtrack.report.words import THIN, count, duration, escape, facts, table


def write_facts(data: ReportData) -> str:
    """Image facts, what went in, settings, versions."""
    parts = ['<section id="facts">\n<h2>What went in</h2>', facts([*image_facts(data), *data.given])]
    settings = yaml.safe_dump(_plain(data.settings), sort_keys=False, allow_unicode=True, width=100)
    parts.append(f"<details><summary>All settings</summary>\n<pre>{escape(settings)}</pre></details>")
    parts.append(f"<details><summary>Versions</summary>\n{facts(sorted(data.versions.items()))}</details>")
    return "\n".join(parts) + "\n</section>"


def write_run(data: ReportData) -> str:
    """The machine, and time and memory of each stage; nothing where neither is known."""
    if not data.timings and not data.machine:
        return ""
    parts = ['<section id="run">\n<h2>What it took</h2>']
    if data.machine:
        parts.append(facts(data.machine))
    if data.timings:
        total = sum(time.seconds for time in data.timings)
        rows = [
            (
                escape(time.stage),
                count(time.jobs),
                duration(time.seconds),
                duration(time.cpu_seconds),
                f"{count(round(time.memory_mb))}{THIN}MB",
            )
            for time in data.timings
        ]
        caption = (
            f"Time of each stage, {duration(total)} in all: jobs counted one after the other, though some ran at the same "
            "time. Memory is that of the largest job. This page is not among them."
        )
        parts.append(table(caption, ("stage", "jobs", "time", "CPU time", "peak memory"), rows, numbers=(1, 2, 3, 4)))
    else:
        parts.append("<p>No times were noted; a run by Snakemake notes them.</p>")
    return "\n".join(parts) + "\n</section>"


def image_facts(data: ReportData) -> list[tuple[str, str]]:
    """What the movie is: shape, voxel size, interval, number type."""
    scale, shape = data.images.scale, data.images.shape
    axes = "z × y × x" if len(shape) == 3 else "y × x"
    size = " × ".join(f"{um:g}" for um in scale.um_per_voxel)
    voxel = f"{size}{THIN}µm ({axes})" if scale.is_calibrated else "not calibrated: lengths are in voxels"
    return [
        ("Frames", count(data.n_frames)),
        ("Shape of a frame", f"{' × '.join(map(str, shape))} voxels ({axes})"),
        ("Voxel", voxel),
        ("Interval", f"{scale.minutes_per_frame:g}{THIN}min" if knows_time(data) else "not given"),
        ("Image numbers", str(data.images.dtype)),
    ]


def knows_time(data: ReportData) -> bool:
    """Whether the interval between frames means something: without a calibration, 1 minute is only the default."""
    return data.images.scale.is_calibrated or data.images.scale.minutes_per_frame != 1.0


def _plain(value: object) -> object:
    """Settings as YAML can write them: mappings, lists, and text for what it does not know."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
