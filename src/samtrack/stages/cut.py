"""How many frames a block has, where the user leaves it to us (``blocks.frames: auto``).

The number is a function of the configuration, the movies' facts and the shipped rates, so every process on every machine
gets the same: names of files hold it. It is written to run_config.yaml; what stands there counts from then on.
"""

from __future__ import annotations

import math
from pathlib import Path

from samtrack.config import Config
from samtrack.config.layout import RUN_CONFIG
from samtrack.config.load import read_yaml
from samtrack.stages.facts import Facts, facts_of
from samtrack.stages.forecast import cost_of, device_of, rules_of

USUAL_FRAMES = 25
"""Frames of a block of a short movie: its jobs take seconds, and the next stage begins while others go on."""

LEAST_BLOCKS = 16
"""Blocks into which a longer movie is cut although its jobs could be longer: as many as a workstation has cores."""

MOST_BLOCKS = 2000
"""Blocks of all sequences together at most, each with five jobs or so: Snakemake plans them in about a minute, and the time
grows faster than their number (`planning_s`)."""

LENGTHS = (1, 2, 3, 4, 5, 7, 10, 15, 20, 25)
"""Lengths that are chosen, and from 25 on whole multiples of 25: the same for movies that hardly differ."""


def with_blocks(config: Config, out: Path) -> Config:
    """The configuration with a number of frames of a block: the user's, that of an earlier run in ``out``, or ours."""
    if config.blocks.frames != "auto" or not config.sequences:
        return config
    frames = length_before(out) or choose_length(config, [facts_of(config, s) for s in config.sequences])
    return with_length(config, frames)


def with_length(config: Config, frames: int) -> Config:
    """The configuration with blocks of so many frames."""
    return config.model_copy(update={"blocks": config.blocks.model_copy(update={"frames": frames})})


def length_before(out: Path) -> int | None:
    """The frames of a block of an earlier run in a folder; None where there was none, or nothing usable is written."""
    path = out / RUN_CONFIG
    blocks = read_yaml(path).get("blocks") if path.exists() else None
    frames = blocks.get("frames") if isinstance(blocks, dict) else None
    return frames if isinstance(frames, int) and frames >= 1 else None


def choose_length(config: Config, facts: list[Facts]) -> int:
    """Frames of a block so that its longest job takes ``blocks.minutes``.

    Short movies are cut into shorter ones for the sake of parallel work, and no movie into more than can be planned.
    """
    in_time = min(_frames_in_time(config, one) for one in facts)
    for_all = max(USUAL_FRAMES, math.ceil(max(one.frames for one in facts) / LEAST_BLOCKS))
    length = _rounded(min(in_time, for_all))
    while sum(math.ceil(one.frames / length) for one in facts) > MOST_BLOCKS:
        length += length if length < USUAL_FRAMES else USUAL_FRAMES
    return length


def planning_s(blocks: int) -> float:
    """CPU seconds in which Snakemake plans a run of so many blocks.

    Measured by `make bench-planning`: 3.4 s for 100 blocks, 20 s for 1000, 88 s for 3000.
    """
    return 2 + 0.018 * blocks + 4e-6 * blocks**2


def _frames_in_time(config: Config, facts: Facts) -> int:
    """The most frames of which no job of a block takes longer than asked; at least one."""
    one, two = (with_length(config, n) for n in (1, 2))
    movie = Facts(2, facts.shape, facts.itemsize, facts.cells, facts.diameter_px)
    most = max(facts.frames, USUAL_FRAMES)
    for rule in (rule for sequence in config.sequences for rule in rules_of(config, sequence)):
        short, longer = cost_of(one, rule, movie), cost_of(two, rule, movie)
        if short.jobs == longer.jobs:
            continue
        is_on_gpu = device_of(config, rule) not in ("cpu", "auto")
        of_one, of_two = (c.gpu_seconds if is_on_gpu else c.seconds for c in (short, longer))
        each = max(of_two - of_one, 1e-9)
        most = min(most, int((60 * config.blocks.minutes - (of_one - each)) / each))
    return max(1, most)


def _rounded(frames: int) -> int:
    """The largest length of the list that is no longer."""
    if frames >= USUAL_FRAMES:
        return frames // USUAL_FRAMES * USUAL_FRAMES
    return max(length for length in LENGTHS if length <= max(1, frames))
