"""Blocks along time: cores tile the movie exactly once, each block may read a little more."""

from __future__ import annotations

from collections.abc import Sequence

from samtrack.errors import PlanError
from samtrack.types import Block, Span


def plan_blocks(n_frames: int, frames: int, before: int = 0, after: int = 0) -> list[Block]:
    """Blocks of ``frames`` frames that read ``before`` and ``after`` frames more, cut off at the movie's ends."""
    if n_frames < 1 or frames < 1 or before < 0 or after < 0:
        raise PlanError(f"cannot cut {n_frames} frames into blocks of {frames} (before {before}, after {after})")
    cores = [Span(start, min(start + frames, n_frames)) for start in range(0, n_frames, frames)]
    return [
        Block(i, core, Span(max(core.start - before, 0), min(core.stop + after, n_frames)))
        for i, core in enumerate(cores)
    ]


def blocks_covering(blocks: Sequence[Block], span: Span) -> list[Block]:
    """The blocks whose cores hold a frame of ``span``, in order."""
    return [block for block in blocks if block.core.overlaps(span)]
