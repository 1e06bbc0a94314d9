"""Settings that make jobs ask for less."""

from __future__ import annotations

import math

from samtrack.config import Config
from samtrack.stages.forecast import network_asked, rate_of
from samtrack.stages.needs import LEAST_RUNTIME_MIN, LIGHT, OVERHEAD_MB

LEAST_MEMORY_GB = 0.2
"""The least that ``resources.memory_gb`` is told to be: below it Python with its libraries leaves nothing."""


def less_memory(config: Config, rule: str, asked_mb: float, most_mb: float) -> str:
    """The setting with which jobs of a rule ask for at most so much memory; empty if there is none.

    ``config`` is complete, or has no movies. ``asked_mb``: of the first attempt.
    """
    network = network_asked(config, rule)
    of_network = getattr(config, network).memory_gb if network else 0.0
    kept_mb = (config.resources.memory_gb + of_network) * 1000 + OVERHEAD_MB
    if rule in LIGHT or asked_mb > kept_mb + 1:
        return _shorter_blocks(config, rule, most_mb / asked_mb)
    left = math.floor(((most_mb - OVERHEAD_MB) / 1000 - of_network) * 10) / 10
    if left >= LEAST_MEMORY_GB:
        return f"Set resources.memory_gb: {left:.1f}"
    together = f"at most {(most_mb - OVERHEAD_MB) / 1000:.1f} together"
    return f"Set {network}.memory_gb and resources.memory_gb so that they are {together}" if network else ""


def less_time(config: Config, rule: str, asked_min: float, most_min: float) -> str:
    """The setting with which jobs of a rule ask for at most so many minutes; empty if there is none."""
    if most_min < LEAST_RUNTIME_MIN:
        return ""
    shorter = _shorter_blocks(config, rule, most_min / asked_min)
    return f"{shorter} (or blocks.minutes, now {config.blocks.minutes:g}, lower)" if shorter else ""


def _shorter_blocks(config: Config, rule: str, share: float) -> str:
    """Fewer frames of a block, by a share of those there are now."""
    frames = config.blocks.frames
    if rate_of(config, rule).per != "block" or frames == "auto" or frames == 1:
        return ""
    return f"Set blocks.frames: {max(1, int(frames * share))}"
